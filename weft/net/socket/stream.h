#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <sys/uio.h>

#include "weft/base/status.h"
#include "weft/net/socket/address.h"

namespace weft::net {

struct TlsInfo;

/// Told when a Stream can be used again. Called by the loop, on its thread, at the top of a turn.
class StreamHandler {
 public:
  /// There are bytes to read, or the end, or an error. One call for each want_read().
  virtual void on_readable() noexcept = 0;
  /// There is room to write, or an error. One call for each want_write().
  virtual void on_writable() noexcept = 0;

 protected:
  ~StreamHandler() = default;
};

/// What one read or write did.
struct IoResult {
  enum class Kind : std::uint8_t {
    Done,        ///< `size` bytes, at least one
    WouldBlock,  ///< nothing now: ask with want_read() or want_write()
    End,         ///< reads only: the peer has finished sending
    Failed,      ///< `error` says why; the stream cannot be used any more
  };
  Kind kind = Kind::WouldBlock;
  std::size_t size = 0;
  Status error;
};

/// An ordered, reliable stream of bytes both ways: TCP, Unix socket, TLS, memory, simulation.
///
/// It is driven by readiness, not completion: an idle stream holds no buffer, and all streams of a
/// loop can read into one. It belongs to one loop and is used only on that loop's thread. Errors
/// are UNAVAILABLE with origin Transport and name the peer ("127.0.0.1:80: connection reset by
/// peer").
class Stream {
 public:
  virtual ~Stream() = default;

  /// Sets the handler; must be called before want_read() and want_write(), and may be called again.
  virtual void set_handler(StreamHandler* handler) noexcept = 0;

  /// Reads at most `into.size()` bytes without waiting.
  virtual IoResult read(std::span<char> into) noexcept = 0;
  /// Writes the slices in order without waiting; `size` is how much was taken, perhaps not all.
  virtual IoResult write(std::span<const iovec> slices) noexcept = 0;

  /// Asks for one on_readable(). Asking again before it came changes nothing.
  virtual void want_read() noexcept = 0;
  /// Asks for one on_writable(). Asking again before it came changes nothing.
  virtual void want_write() noexcept = 0;

  /// Sends the end of the stream after what was written; reading goes on.
  virtual void shutdown_write() noexcept = 0;
  /// Ends the stream at once. The handler is not called again. Idempotent.
  virtual void close() noexcept = 0;
  /// As close(), and lets the peer see that what it has got is not all: by a reset, with TLS also
  /// without a close_notify. For protocols whose messages end with the connection.
  virtual void abort() noexcept { close(); }
  /// Bytes that were written and that the peer's system has not acknowledged; 0 where that is not
  /// known. Costs a system call.
  virtual std::size_t unacknowledged() const noexcept { return 0; }
  /// After an End: false where TLS ended without a close_notify, so that somebody on the way may
  /// have cut the stream off (RFC 8446 section 6.1).
  virtual bool ended_cleanly() const noexcept { return true; }

  virtual const Address& local_address() const noexcept = 0;
  virtual const Address& peer_address() const noexcept = 0;

  /// What the TLS handshake agreed on; null without TLS. Lives as long as its holders.
  virtual std::shared_ptr<const TlsInfo> tls() const noexcept { return nullptr; }
};

}  // namespace weft::net
