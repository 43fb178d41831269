#include <array>
#include <string>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/http1/message/internal/meaning.h"

namespace weft::http1 {
namespace {

/// What RFC 3986 has in paths and queries, and "{|}^" besides, which browsers send as they are.
constexpr std::array<bool, 256> kTargetCharacters = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("-._~!$&'()*+,;=:@/?%[]{|}^"))
    table[static_cast<unsigned char>(c)] = true;
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  return table;
}();

bool has_target_characters(std::string_view text) noexcept {
  for (const char c : text) {
    if (!kTargetCharacters[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

bool is_host_character(char c) noexcept {
  return ascii::is_alphanumeric(c) ||
         std::string_view("-._~!$&'()*+;=%").find(c) != std::string_view::npos;
}

bool is_port(std::string_view text) noexcept {
  if (text.size() > 5) return false;
  unsigned port = 0;
  for (const char c : text) {
    if (!ascii::is_digit(c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port <= 65535;
}

/// "." and "..", in any spelling.
bool is_dots(std::string_view segment) noexcept {
  std::size_t dots = 0;
  while (!segment.empty()) {
    const bool encoded = segment.size() >= 3 && segment[0] == '%' && segment[1] == '2' &&
                         ascii::lower(segment[2]) == 'e';
    if (!encoded && segment[0] != '.') return false;
    segment.remove_prefix(encoded ? 3 : 1);
    ++dots;
  }
  return dots == 1 || dots == 2;
}

bool has_dot_segments(std::string_view path) noexcept {
  path = path.substr(0, path.find('?'));
  while (!path.empty()) {
    path.remove_prefix(1);  // its slash
    const std::string_view segment = path.substr(0, path.find('/'));
    if (is_dots(segment)) return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

Fault refuse(std::string_view target, std::string_view why) {
  return {400, "the request target '" + printable(target.substr(0, 64)) + "' " + std::string(why)};
}

/// "http://host/path" (RFC 9112 section 3.2.2); its authority counts, and Host does not.
Fault read_absolute(RequestHead& head) {
  const std::size_t colon = head.target.find("://");
  head.scheme = head.target.substr(0, colon);
  std::string_view rest = head.target.substr(colon + 3);
  head.authority = rest.substr(0, rest.find_first_of("/?"));
  rest.remove_prefix(head.authority.size());
  // RFC 9112 section 3.2.4: the server as a whole, where there is no path.
  head.path = !rest.empty() ? rest : head.method == "OPTIONS" ? "*" : "/";
  const bool known = ascii::equal_without_case(head.scheme, "http") ||
                     ascii::equal_without_case(head.scheme, "https");
  if (!known || head.authority.empty() || rest.starts_with('?')) {
    return refuse(head.target, "is not 'http://host/path'");
  }
  return {};
}

}  // namespace

bool is_authority(std::string_view text) noexcept {
  std::string_view rest = text;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    for (const char c : rest.substr(1, end - 1)) {
      if (!ascii::is_alphanumeric(c) && c != ':' && c != '.') return false;
    }
    rest.remove_prefix(end + 1);
  } else {
    std::size_t size = 0;
    while (size < rest.size() && is_host_character(rest[size])) ++size;
    if (size == 0 && !rest.empty()) return false;
    rest.remove_prefix(size);
  }
  return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
}

Fault read_target(RequestHead& head) {
  head.scheme = head.authority = head.path = {};
  const std::string_view target = head.target;
  if (!has_target_characters(target)) {
    return refuse(target, "has characters that are to be percent-encoded (RFC 3986)");
  }
  if (head.method == "CONNECT") {
    head.authority = target;
    const std::size_t colon = target.rfind(':');
    const bool has_port = colon != std::string_view::npos && colon + 1 < target.size();
    return has_port && is_authority(target) ? Fault{} : refuse(target, "is not 'host:port'");
  }
  if (target == "*") {
    head.path = target;
    return head.method == "OPTIONS" ? Fault{} : refuse(target, "is for OPTIONS only");
  }
  if (target.front() == '/') {
    head.path = target;
  } else if (target.find("://") != std::string_view::npos) {
    if (Fault fault = read_absolute(head)) return fault;
    if (!is_authority(head.authority)) return refuse(target, "names no host");
  } else {
    return refuse(target, "does not begin with '/'");
  }
  // What is refused once needs no second opinion of who authorises and who routes.
  return has_dot_segments(head.path) ? refuse(head.path, "has '.' or '..' segments") : Fault{};
}

}  // namespace weft::http1
