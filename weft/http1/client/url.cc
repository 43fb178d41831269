#include "weft/http1/client/url.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "weft/base/log/log_value.h"
#include "weft/base/text/ascii.h"
#include "weft/net/socket/address.h"

namespace weft::http1 {
namespace {

constexpr std::uint16_t kHttpPort = 80;    // RFC 9110 section 4.2.1
constexpr std::uint16_t kHttpsPort = 443;  // RFC 9110 section 4.2.2

Status refused(std::string_view text, std::string_view why) {
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos) text = text.substr(at + 1);
  return invalid_argument("the URL " + log_value(text) + ": " + std::string(why));
}

/// Where the part ends that goes before a path, a query or a fragment.
std::size_t end_of_authority(std::string_view text) {
  return std::min(text.find_first_of("/?#"), text.size());
}

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// What RFC 3986 allows in a path or a query, and the percent sign.
bool may_stand(char c) noexcept {
  return ascii::is_alphanumeric(c) ||
         std::string_view("-._~!$&'()*+,;=:@/?%[]").find(c) != std::string_view::npos;
}

std::string encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (may_stand(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

/// RFC 3986 section 5.2.4, for a path that begins with '/'.
std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    if (segment != "/." && segment != "/..") {
      out += segment;
      continue;
    }
    if (segment == "/..") out.resize(out.empty() ? 0 : out.rfind('/'));
    if (path.empty()) out += '/';
  }
  return out.empty() ? "/" : out;
}

/// The path and query of what follows an authority.
std::string target_of(std::string_view rest) {
  rest = rest.substr(0, rest.find('#'));
  const std::size_t query = std::min(rest.find('?'), rest.size());
  std::string path = encoded(rest.substr(0, query));
  if (path.empty() || path.front() != '/') path.insert(0, 1, '/');
  return without_dots(path) + encoded(rest.substr(query));
}

bool is_name(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return ascii::is_alphanumeric(c) || c == '-' || c == '.' || c == '_';
  });
}

/// Without a scope, which is of this machine.
bool is_ipv6(const std::string& host) {
  return host.find(':') != std::string::npos && host.find('%') == std::string::npos &&
         net::Address::ip(host, 1).ok();
}

/// 0 where it is no port.
std::uint16_t port_of(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && at == end ? port : 0;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kMostBytes) {
    return refused(text.substr(0, 64), "it has " + std::to_string(text.size()) +
                                           " bytes; the limit is " + std::to_string(kMostBytes));
  }
  if (std::any_of(text.begin(), text.end(), is_control)) {
    return refused(text, "it has a control character");
  }
  Url url;
  const std::size_t colon = std::min(text.find("://"), text.size());
  const std::string_view scheme = text.substr(0, colon);
  url.https_ = ascii::equal_without_case(scheme, "https");
  if (colon == text.size() || (!url.https_ && !ascii::equal_without_case(scheme, "http"))) {
    return refused(text, "expected http://host/path or https://host/path");
  }
  const std::string_view rest = text.substr(colon + 3);
  const std::size_t end = end_of_authority(rest);
  if (const std::string_view why = url.set_authority(rest.substr(0, end)); !why.empty()) {
    return refused(text.substr(0, colon + 3 + end), why);
  }
  url.target_ = target_of(rest.substr(end));
  return url;
}

/// Empty, or what is wrong with it.
std::string_view Url::set_authority(std::string_view authority) {
  if (authority.find('@') != std::string_view::npos) {
    return "it has a user; send credentials in an authorization field";
  }
  const bool v6 = authority.starts_with('[');
  const std::size_t end = std::min(authority.find(v6 ? ']' : ':'), authority.size());
  host_ = ascii::lower(std::string(authority.substr(0, end)));
  if (v6) host_.erase(0, 1);
  if (!(v6 ? end != authority.size() && is_ipv6(host_) : is_name(host_))) {
    return "the host is no name of letters, digits, '-', '_' and '.', and no address (names in "
           "other letters are written as xn--...)";
  }
  authority.remove_prefix(end + (v6 ? 1 : 0));
  port_ = https_ ? kHttpsPort : kHttpPort;
  if (!authority.empty() && authority != ":") {
    port_ = authority.front() == ':' ? port_of(authority.substr(1)) : 0;
  }
  return port_ == 0 ? "the port is not 1 to 65535" : "";
}

Result<Url> Url::resolve(std::string_view reference) const {
  const std::size_t colon = reference.find(':');
  const bool has_scheme = colon != std::string_view::npos && colon < end_of_authority(reference);
  if (has_scheme) return parse(reference);
  const std::string scheme(this->scheme());
  if (reference.starts_with("//")) return parse(scheme + ":" + std::string(reference));
  if (reference.starts_with('/')) return parse(origin() + std::string(reference));
  const std::string_view path = this->path();
  if (reference.empty() || reference.starts_with('#')) return *this;
  if (reference.starts_with('?'))
    return parse(origin() + std::string(path) + std::string(reference));
  return parse(origin() + std::string(path.substr(0, path.rfind('/') + 1)) +
               std::string(reference));
}

std::string_view Url::path() const noexcept {
  return std::string_view(target_).substr(0, target_.find('?'));
}

std::string Url::authority() const {
  const bool v6 = host_.find(':') != std::string::npos;
  std::string out = v6 ? "[" + host_ + "]" : host_;
  if (port_ != (https_ ? kHttpsPort : kHttpPort)) out += ":" + std::to_string(port_);
  return out;
}

std::string Url::origin() const { return std::string(scheme()) + "://" + authority(); }

}  // namespace weft::http1
