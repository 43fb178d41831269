#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/bytes.h"
#include "weft/base/time.h"
#include "weft/http1/client/body_source.h"
#include "weft/http1/client/fields.h"

namespace weft::http1 {

/// A request to send. Nothing is checked before Client::send().
///
///     http1::Request request("POST", "https://collector:4318/v1/metrics");
///     request.header("content-type", "application/x-protobuf").body(bytes).timeout(5s);
///     Result<http1::Response> response = co_await http.send(std::move(request));
///
/// A class and no aggregate, so that GCC 12 may see it made inside of a co_await expression.
class Request {
 public:
  Request(std::string method, std::string url) : method_(std::move(method)), url_(std::move(url)) {}

  /// Adds a field. The client itself sends host, content-length, transfer-encoding, connection and
  /// what else frames a message: these are refused. Without a user-agent or an accept-encoding here
  /// it sends its own; with an accept-encoding here the body of the response is not decoded.
  Request& header(std::string_view name, std::string_view value) {
    fields_.add(name, value);
    return *this;
  }
  /// A body that is there. Takes the place of one that was set before.
  Request& body(Bytes bytes) {
    body_ = std::move(bytes);
    source_ = nullptr;
    has_body_ = true;
    return *this;
  }
  Request& body(std::string_view text) { return body(Bytes::copy_of(text)); }
  /// A body that is made while it is sent.
  Request& body(std::shared_ptr<BodySource> source) {
    source_ = std::move(source);
    has_body_ = source_ != nullptr;
    return *this;
  }
  /// How long all may take: connecting, redirects, the whole response. In place of
  /// ClientOptions::timeout.
  Request& timeout(Duration limit) {
    timeout_ = limit;
    return *this;
  }
  /// Largest body of a response to send(), after decoding; in place of ClientOptions::max_body.
  Request& max_body(std::size_t bytes) {
    max_body_ = bytes;
    return *this;
  }
  /// How many redirects are followed, in place of ClientOptions::max_redirects.
  Request& max_redirects(unsigned count) {
    max_redirects_ = count;
    return *this;
  }

  const std::string& method() const noexcept { return method_; }
  const std::string& url() const noexcept { return url_; }
  const Fields& fields() const noexcept { return fields_; }
  const Bytes& bytes() const noexcept { return body_; }
  const std::shared_ptr<BodySource>& source() const noexcept { return source_; }
  bool has_body() const noexcept { return has_body_; }
  std::optional<Duration> timeout() const noexcept { return timeout_; }
  std::optional<std::size_t> max_body() const noexcept { return max_body_; }
  std::optional<unsigned> max_redirects() const noexcept { return max_redirects_; }

  // For the client, where it follows a redirect.
  Fields& mutable_fields() noexcept { return fields_; }
  void become_get() {
    method_ = "GET";
    body_ = {};
    source_ = nullptr;
    has_body_ = false;
  }

 private:
  std::string method_;
  std::string url_;
  Fields fields_;
  Bytes body_;
  std::shared_ptr<BodySource> source_;
  bool has_body_ = false;
  std::optional<Duration> timeout_;
  std::optional<std::size_t> max_body_;
  std::optional<unsigned> max_redirects_;
};

}  // namespace weft::http1
