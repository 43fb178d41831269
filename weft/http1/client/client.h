#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/http1/client/client_options.h"
#include "weft/http1/client/request.h"
#include "weft/http1/client/response.h"
#include "weft/http1/client/response_stream.h"

namespace weft::http1 {

/// What a client has done so far, on all loops.
struct ClientStats {
  std::uint64_t connections = 0;  ///< that were made
  std::uint64_t reuses = 0;       ///< requests on a connection that had one before
  std::uint64_t repeats = 0;      ///< requests sent again because the kept connection had ended
  std::uint64_t unasked = 0;      ///< connections dropped because the server sent unasked bytes
};

/// Sends HTTP/1.1 requests.
///
///     http1::Client http;
///     Result<http1::Response> response = co_await http.get("https://issuer.example/jwks.json");
///
/// A result is the response, whatever its status, or the Status that says why there is no whole
/// one: INVALID_ARGUMENT what the request asks for is impossible, UNAVAILABLE no connection or a
/// broken one, DEADLINE_EXCEEDED a limit of time, RESOURCE_EXHAUSTED a limit of size or number,
/// INTERNAL a server that does not keep to HTTP, FAILED_PRECONDITION redirects. Messages begin with
/// the method and the URL without its query. Origin Transport: the server or the way to it is at
/// fault.
///
/// May be used from any thread that runs a loop: each loop has its own connections. The client may
/// go before its requests, which then go on to their end.
///
/// A request is sent again, once, only where the server cannot have acted twice on it: by an
/// idempotent method (RFC 9110 section 9.2.2), on a kept connection that ended before the first
/// byte of a response.
class Client {
 public:
  explicit Client(ClientOptions options = {});
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  Task<Result<Response>> get(std::string url);
  Task<Result<Response>> post(std::string url, std::string content_type, Bytes body);
  Task<Result<Response>> post(std::string url, std::string content_type, std::string_view body) {
    return post(std::move(url), std::move(content_type), Bytes::copy_of(body));
  }
  /// Collects the body of the response, decoded.
  Task<Result<Response>> send(Request request);
  /// Ends when the response begins; its body is then read, and decoded, part by part.
  Task<Result<ResponseStream>> open(Request request);

  ClientStats stats() const noexcept;

 private:
  class Impl;
  static Task<Result<Response>> send_by(std::shared_ptr<Impl> impl, Request request);
  static Task<Result<ResponseStream>> open_by(std::shared_ptr<Impl> impl, Request request);

  std::shared_ptr<Impl> impl_;
};

}  // namespace weft::http1
