#include "weft/storage/redis/internal/endpoint.h"

#include <charconv>
#include <optional>
#include <utility>

#include "weft/base/text/ascii.h"
#include "weft/net/socket/address.h"

namespace weft::redis {
namespace {

Status bad(std::string_view what) {
  return invalid_argument("the URL of Redis " + std::string(what) +
                          "; it is redis://[user[:password]@]host[:port][/database], rediss:// "
                          "for TLS, or unix:///path");
}

/// "user:password"; "x" alone is a user.
bool set_user(std::string_view text, Endpoint& into) {
  const std::size_t colon = text.find(':');
  const std::optional<std::string> user = ascii::percent_decoded(text.substr(0, colon));
  const std::optional<std::string> password = ascii::percent_decoded(
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1));
  if (!user || !password) return false;
  into.user = *user;
  into.password = *password;
  return true;
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view url) {
  Endpoint made;
  constexpr std::string_view kUnix = "unix://";
  if (url.starts_with(kUnix)) {
    made.is_unix = true;
    made.host = url.substr(kUnix.size());
    if (!made.host.starts_with('/')) return bad("has no absolute path");
    return made;
  }
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return bad("has no scheme");
  made.tls = url.substr(0, scheme) == "rediss";
  if (!made.tls && url.substr(0, scheme) != "redis") return bad("has another scheme");
  url.remove_prefix(scheme + 3);
  if (const std::size_t slash = url.rfind('/'); slash != std::string_view::npos) {
    const std::string_view number = url.substr(slash + 1);
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), made.database);
    if (!number.empty() && (error != std::errc() || end != number.data() + number.size())) {
      return bad("has a database that is no number");
    }
    url = url.substr(0, slash);
  }
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
    if (!set_user(url.substr(0, at), made)) return bad("has a wrong percent-encoding");
    url.remove_prefix(at + 1);
  }
  const Result<net::HostPort> where = net::HostPort::parse(url, made.port);
  if (!where.ok() || where->host.empty()) return bad("has no host, or a port that is none");
  made.host = where->host;
  made.port = where->port;
  return made;
}

std::string Endpoint::name() const {
  if (is_unix) return host;
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace weft::redis
