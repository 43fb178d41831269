#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/status.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/call/message/message_transfer.h"

namespace weft {
class HealthRegistry;
}

namespace weft::rpc {

class Dispatcher;

/// Whether a request may be refused while the server is overloaded
/// (ServerOptions::max_queue_delay).
enum class Refusable : std::uint8_t { Yes, No };

/// Retry-After of what a server without room or time answers, in seconds (RFC 9110 section 10.2.3):
/// the least there is. A loop notices within 100 ms that it has time again.
inline constexpr std::string_view kRetryAfter = "1";

/// A field of an HTTP message (RFC 9110 section 5); its name in lower case.
struct HttpField {
  std::string_view name;
  std::string_view value;
};
using HttpFields = std::span<const HttpField>;

enum class HttpVersion : std::uint8_t { Http10, Http11, Http2 };

/// The head of a request. The views are valid as long as its exchange.
struct HttpHead {
  std::string_view method;
  std::string_view scheme;     ///< empty for CONNECT
  std::string_view authority;  ///< host and port; empty where the client sent none
  std::string_view path;       ///< with the query; empty for CONNECT
  /// What the client asks to speak instead on this connection: the value of Upgrade (RFC 9110
  /// section 7.8), "websocket" for one. Empty where it asks for nothing, and over HTTP/2.
  std::string_view upgrade{};
  HttpVersion version = HttpVersion::Http2;
  /// Without those of the connection (RFC 9110 section 7.6.1): Connection, Transfer-Encoding,
  /// Upgrade and their kin.
  HttpFields fields;

  /// The path without its query.
  std::string_view path_only() const noexcept { return path.substr(0, path.find('?')); }
  /// What follows the "?" of the path; empty without one.
  std::string_view query() const noexcept {
    const std::size_t mark = path.find('?');
    return mark == std::string_view::npos ? std::string_view() : path.substr(mark + 1);
  }
  /// The first value of a field, by its name in lower case; empty where there is none.
  std::string_view field(std::string_view name) const noexcept {
    for (const HttpField& one : fields) {
      if (one.name == name) return one.value;
    }
    return {};
  }
};

/// One request that is not gRPC's, and its response. Belongs to one loop, and lives as long as the
/// handler's task.
///
/// The content goes both ways at the same time, so a CONNECT that was answered with 200, and a
/// request with an upgrade() that was answered with 101, carry raw bytes: what the client sends is
/// content(), what it gets response().
class HttpExchange {
 public:
  virtual const HttpHead& head() const noexcept = 0;
  virtual net::Loop& loop() const noexcept = 0;
  const Peer& peer() const noexcept { return *share_peer(); }
  /// Shared by the calls that are made of the request (Call::set_peer()).
  virtual const Peer::Ref& share_peer() const noexcept = 0;
  /// What serves the server's calls, for handlers that make calls of requests.
  virtual Dispatcher& dispatcher() const noexcept = 0;
  /// What grpc.health.v1 answers.
  virtual const HealthRegistry& health() const noexcept = 0;
  /// Cancelled when the client has gone, or the server stops and its grace is over.
  virtual Context& context() noexcept = 0;

  /// The content of the request as it comes, in parts of any size. Unread parts keep the client
  /// from sending more. At the end context() tells whether it is whole. A client that has sent
  /// `Expect: 100-continue` is told to send it once it is waited for.
  virtual MessageReader& content() noexcept = 0;
  /// Says how many bytes of memory the handler holds for the client now, such as content that it
  /// keeps, for ServerOptions::max_connection_memory and max_memory; given back when the exchange
  /// ends. RESOURCE_EXHAUSTED with the reason where the client is to make the server hold no more.
  virtual Status hold(std::size_t bytes) = 0;
  /// What the client has sent behind the content, once that has ended; apart from the head's fields
  /// (RFC 9110 section 6.5.1). Valid as long as the exchange.
  virtual HttpFields trailers() const noexcept = 0;
  /// Begins the response; once. The status is 200 to 599, or 101 to take an upgrade that
  /// HttpHead::upgrade asks for. INVALID_ARGUMENT for what HTTP does not allow: names in lower
  /// case, no pseudo-headers and none of a connection's (RFC 9113 section 8.2.2).
  virtual Status begin(int status, HttpFields fields) = 0;
  Status begin(int status, std::initializer_list<HttpField> fields = {}) {
    return begin(status, HttpFields(fields.begin(), fields.size()));
  }
  /// The content of the response, after begin(): its parts are Message(Bytes). One that is last()
  /// ends it. Of a response to HEAD it is dropped.
  virtual MessageWriter& response() noexcept = 0;
  /// Ends the response, unless its last part has done so.
  virtual Status end(HttpFields trailers = {}) = 0;

  /// Sends a complete response.
  Task<Status> respond(int status, std::string_view content_type, Bytes content);
  Task<Status> respond(int status, std::string_view content_type, std::string_view content) {
    return respond(status, content_type, Bytes::copy_of(content));
  }

 protected:
  ~HttpExchange() = default;
};

/// Takes HTTP requests that are not gRPC's on the ports of a server: pages, probes, other protocols
/// over HTTP. Server::add() takes any number; each request goes to the first handler that takes it.
/// Without one the answer is 405 or 415.
///
/// Used by all loops of the server at the same time.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// The server starts, and `dispatcher` has its services: before any request comes, and again
  /// where a start has failed. A status that is not OK is Server::start()'s.
  virtual Status start(const Dispatcher& dispatcher) {
    static_cast<void>(dispatcher);
    return {};
  }
  virtual bool takes(const HttpHead& head) const = 0;
  /// Refusable::No for probes, whose answers an overloaded server owes too.
  virtual Refusable refusable() const noexcept { return Refusable::Yes; }
  /// Serves a request that it takes. A task that ends without a response answers 500, one that
  /// throws too, where the response has not begun. Until it first awaits something the same holds
  /// as for a service's method: it keeps the loop.
  virtual Task<> serve(HttpExchange& exchange) = 0;
};

}  // namespace weft::rpc
