#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/result.h"

namespace weft::http1 {

/// An http or https URL (RFC 3986, RFC 9110 section 4.2), read once and kept in parts that may
/// stand in a request as they are.
///
/// The scheme and the host are in lower case; `.` and `..` are taken out of the path; spaces and
/// other bytes that a URL cannot have are percent-encoded. The fragment is dropped.
class Url {
 public:
  /// No URL yet: all of it is empty.
  Url() = default;
  /// Longest text of a URL, in bytes.
  static constexpr std::size_t kMostBytes = 8192;

  /// INVALID_ARGUMENT names what is wrong: another scheme, no host, control characters, a user or a
  /// password (which the message does not repeat), more than kMostBytes.
  static Result<Url> parse(std::string_view text);
  /// What `reference`, as in a Location field, means on a page of this URL (RFC 3986 section 5.2).
  /// Errors as parse().
  Result<Url> resolve(std::string_view reference) const;

  bool is_https() const noexcept { return https_; }
  std::string_view scheme() const noexcept { return https_ ? "https" : "http"; }
  /// A name or a literal address, without the brackets of IPv6.
  const std::string& host() const noexcept { return host_; }
  std::uint16_t port() const noexcept { return port_; }
  /// The path and the query: "/", "/a/b?c=d".
  const std::string& target() const noexcept { return target_; }
  std::string_view path() const noexcept;

  /// "host", "host:8080", "[::1]:8080": the port where it is not the scheme's.
  std::string authority() const;
  /// "https://host:8443" (RFC 6454): what a connection and credentials are for.
  std::string origin() const;
  std::string to_string() const { return origin() + target_; }
  /// For logs and errors: without the query, which may hold a secret.
  std::string shown() const { return origin() + std::string(path()); }

  friend bool operator==(const Url&, const Url&) noexcept = default;

 private:
  std::string_view set_authority(std::string_view authority);

  bool https_ = false;
  std::uint16_t port_ = 0;
  std::string host_;
  std::string target_;
};

}  // namespace weft::http1
