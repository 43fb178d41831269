#pragma once

#include <memory>
#include <span>

#include "weft/net/loop/loop.h"
#include "weft/net/loop/timer.h"
#include "weft/net/socket/stream.h"
#include "weft/net/tls/internal/openssl.h"
#include "weft/net/tls/internal/tls_notes.h"
#include "weft/net/tls/internal/tls_pipe.h"
#include "weft/net/tls/tls_info.h"

namespace weft::net::internal {

/// TLS over any stream.
///
///     handshake() until Done --> read(), write() --> shutdown_write(), close()
///
/// Plaintext is taken only while less than kMostUnsent of ciphertext waits to be written. What was
/// taken is sent even when close() follows at once, if the peer takes it within seconds. The peer's
/// end is an End, with a close_notify or without (ended_cleanly()).
class TlsStream final : public Stream, private StreamHandler {
 public:
  static constexpr std::size_t kMostUnsent = std::size_t{48} << 10;

  /// `pipe` may hold bytes that have been read already. `notes` are attached to `ssl`.
  TlsStream(Loop& loop, std::unique_ptr<TlsPipe> pipe, std::unique_ptr<TlsNotes> notes,
            Owned<SSL> ssl);
  ~TlsStream() override;

  /// One step: WouldBlock wants on_readable() (ask with want_handshake()).
  IoResult handshake() noexcept;
  void want_handshake() noexcept;
  /// Ends a failed handshake so that the peer gets to read the alert.
  void abandon() noexcept;
  void set_info(std::shared_ptr<const TlsInfo> info) noexcept { info_ = std::move(info); }
  const SSL* ssl() const noexcept { return ssl_.get(); }
  const TlsNotes& notes() const noexcept { return *notes_; }

  void set_handler(StreamHandler* handler) noexcept override { handler_ = handler; }
  IoResult read(std::span<char> into) noexcept override;
  IoResult write(std::span<const iovec> slices) noexcept override;
  void want_read() noexcept override;
  void want_write() noexcept override;
  void shutdown_write() noexcept override;
  void close() noexcept override;
  void abort() noexcept override;
  std::size_t unacknowledged() const noexcept override {
    return pipe_->unsent().size() + pipe_->inner().unacknowledged();
  }
  bool ended_cleanly() const noexcept override { return !cut_; }
  const Address& local_address() const noexcept override { return local_; }
  const Address& peer_address() const noexcept override { return peer_; }
  std::shared_ptr<const TlsInfo> tls() const noexcept override { return info_; }

 private:
  struct Later : Timer {
    explicit Later(TlsStream& owner) noexcept
        : Timer([](Timer& timer) noexcept { static_cast<Later&>(timer).self.tell_readable(); }),
          self(owner) {}
    TlsStream& self;
  };

  void on_readable() noexcept override { tell_readable(); }
  void on_writable() noexcept override;
  void tell_readable() noexcept;
  bool has_buffered() const noexcept;
  IoResult failed(Status error);
  IoResult read_stopped(int result);
  IoResult check_use(std::size_t plaintext, std::size_t ciphertext, IoResult stopped);
  bool write_record(std::span<const char> plaintext);
  IoResult::Kind flush() noexcept;
  Status written_failure();
  void end_tls() noexcept;

  Loop& loop_;
  std::unique_ptr<TlsPipe> pipe_;
  std::unique_ptr<TlsNotes> notes_;
  Owned<SSL> ssl_;
  std::shared_ptr<const TlsInfo> info_;
  Address local_;
  Address peer_;
  StreamHandler* handler_ = nullptr;
  Later later_{*this};
  Status error_;
  std::size_t without_data_ = 0;  // ciphertext since the last that was data
  bool wants_read_ = false;
  bool wants_write_ = false;
  bool shutting_down_ = false;  // close_notify is made; the inner stream's end follows it
  bool ended_ = false;
  bool cut_ = false;  // without a close_notify
  bool closed_ = false;
};

}  // namespace weft::net::internal
