#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/net/socket/stream.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/server/dispatcher.h"

namespace weft {
class HealthRegistry;
}

namespace weft::rpc {

class HttpHandler;
struct HttpHead;
enum class Refusable : std::uint8_t;

/// A connection that a WireProtocol has taken. Belongs to one loop, and lives as long as the
/// protocol's task.
class WireConnection {
 public:
  virtual net::Loop& loop() const noexcept = 0;
  /// Shared by the calls that are made of it (Call::set_peer()).
  virtual const Peer::Ref& peer() const noexcept = 0;
  /// Serves the calls that come over it.
  virtual Dispatcher& dispatcher() const noexcept = 0;
  /// What grpc.health.v1 answers.
  virtual const HealthRegistry& health() const noexcept = 0;
  /// The server's handler that takes an HTTP request; null where none does.
  virtual HttpHandler* handler_for(const HttpHead& head) const = 0;
  /// Begins a request that is no call of dispatcher(): it counts in ServerOptions::max_calls, and a
  /// stop waits for it, until request_ended(). RESOURCE_EXHAUSTED where it is one too many,
  /// UNAVAILABLE where it would wait longer than ServerOptions::max_queue_delay. `path` is for the
  /// server's observer.
  virtual Status request_began(std::string_view path, Refusable refusable) = 0;
  virtual void request_ended() noexcept = 0;
  /// Cancelled when the server closes the connection: its stop is over, the connection's age and
  /// grace are over, or (RESOURCE_EXHAUSTED) it holds more memory than any other while the server
  /// has too little. The protocol's task runs in it.
  virtual Context& context() noexcept = 0;

  /// Waits for bytes and reads at most `into.size()`; 0 at the end. One reader at a time.
  virtual Task<Result<std::size_t>> read(std::span<char> into) = 0;
  /// Writes all of `bytes`, which outlive the task. One writer at a time.
  virtual Task<Status> write(std::string_view bytes) = 0;
  /// The stream itself, for a protocol that has a StreamHandler of its own; read() and write() are
  /// not used then.
  virtual net::Stream& stream() noexcept = 0;

  /// Says how many bytes of memory the client makes the server hold now, for
  /// ServerOptions::max_connection_memory and max_memory. Before the first time it is what a
  /// protocol's coroutines usually take.
  virtual void set_memory(std::size_t bytes) noexcept = 0;
  /// RESOURCE_EXHAUSTED with the reason where it is to hold no more; asked before that.
  virtual Status admit_memory() const = 0;
  /// Writes what the client did wrong to the log, which bounds how often it does.
  virtual void log_refused(std::string_view why) noexcept = 0;

  /// The server has begun to stop, or the connection has reached
  /// ServerOptions::max_connection_age: the protocol ends its task when its calls are done.
  virtual bool draining() const noexcept = 0;
  /// Waits for that. One at a time.
  virtual Task<> drained() = 0;
  /// ServerOptions::max_connection_idle: the protocol ends its task when it has had no request for
  /// so long.
  virtual Duration max_idle() const noexcept = 0;

 protected:
  ~WireConnection() = default;
};

/// Another protocol on the ports of a server, beside HTTP/2. With TLS, ALPN chooses the protocol of
/// a connection, else its first bytes do. Server::add() takes some; HTTP/2 is asked first, then
/// these in the order in which they were added, and matches_others() last.
///
/// Used by all loops of the server at the same time.
class WireProtocol {
 public:
  enum class Match : std::uint8_t { No, NeedMore, Yes };
  /// The number of first bytes that are looked at; a protocol that needs more does not match.
  static constexpr std::size_t kMostFirstBytes = 1024;

  virtual ~WireProtocol() = default;
  /// For messages: "the line protocol".
  virtual std::string name() const = 0;
  /// The names that clients choose it by (RFC 7301), after HTTP/2's "h2"; may be none.
  virtual std::span<const std::string_view> alpn() const noexcept { return {}; }
  /// Whether bytes that a connection begins with, one at least, are this protocol's. With the bytes
  /// that follow the answer may change from NeedMore only. A protocol in which the server speaks
  /// first can be chosen by ALPN only.
  virtual Match matches(std::string_view first_bytes) const noexcept = 0;
  /// It matches what other protocols begin with too, as HTTP/1.1 does with any method. It gets a
  /// connection only where no other protocol matches or needs more bytes.
  virtual bool matches_others() const noexcept { return false; }
  /// Serves a connection, whose first bytes are read again. It is closed when the task ends.
  virtual Task<> serve(WireConnection& connection) = 0;
};

}  // namespace weft::rpc
