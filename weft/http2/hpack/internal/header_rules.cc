#include "weft/http2/hpack/internal/header_rules.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "weft/http2/hpack/field_characters.h"

namespace weft::http2::internal {
namespace {

constexpr const char* kBadName =
    "a field name is empty or has a character that RFC 9113 section "
    "8.2.1 forbids (upper case, a control, ':')";
constexpr const char* kBadValue =
    "a field value has NUL, CR or LF in it, or a space at its start or end (RFC 9113 section "
    "8.2.1)";
constexpr const char* kConnectionField =
    "a connection-specific field is present (RFC 9113 section 8.2.2)";
constexpr const char* kOtherHost =
    "Host names another authority than :authority or an earlier Host (RFC 9113 section 8.3.1)";
constexpr const char* kBadTe = "TE has a value other than \"trailers\" (RFC 9113 section 8.2.2)";
constexpr const char* kLatePseudo =
    "a pseudo-header field stands after a regular field (RFC 9113 section 8.3)";
constexpr const char* kBadLength =
    "content-length is not a number, or two of them differ (RFC 9110 section 8.6)";

bool parse_length(std::string_view value, std::int64_t& length) noexcept {
  if (value.empty() || value.size() > 18) return false;
  std::int64_t number = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + (c - '0');
  }
  if (length != MessageHead::kNoLength && length != number) return false;
  length = number;
  return true;
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

/// RFC 3986 section 6.2.3: an empty port and the scheme's default one say nothing.
std::string_view without_default_port(std::string_view authority,
                                      std::string_view scheme) noexcept {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  if (authority.ends_with(port)) authority.remove_suffix(port.size());
  if (authority.ends_with(':')) authority.remove_suffix(1);
  return authority;
}

/// Section 8.3.1: a Host that differs from :authority is what smuggled requests are made of. gRPC's
/// clients send none.
[[gnu::cold]] const char* check_host(std::string_view host, MessageHead& head) noexcept {
  if (!is_valid_value(host)) return kBadValue;
  if (head.authority.data() == nullptr) {
    head.authority = host;
    return nullptr;
  }
  return equals_ignoring_case(without_default_port(host, head.scheme),
                              without_default_port(head.authority, head.scheme))
             ? nullptr
             : kOtherHost;
}

/// One regular field; null when it keeps the rules. A token other than Other says that the name is
/// one of ours, which are valid.
const char* check_regular(const HeaderField& field, MessageHead& head) noexcept {
  switch (field.token) {
    case Token::Other:
      if (!field.checked && !field.name_checked && !is_valid_name(field.name)) return kBadName;
      break;
    case Token::Connection:
    case Token::KeepAlive:
    case Token::ProxyConnection:
    case Token::TransferEncoding:
    case Token::Upgrade:
      return kConnectionField;
    case Token::Te:
      // "... TE header field, which MAY be present in an HTTP/2 request".
      if (head.response) return kConnectionField;
      // RFC 9110 section 10.1.4: the keyword's case does not matter.
      if (field.value == "trailers") [[likely]]
        return nullptr;
      return equals_ignoring_case(field.value, "trailers") ? nullptr : kBadTe;
    case Token::ContentLength:
      return parse_length(field.value, head.content_length) ? nullptr : kBadLength;
    case Token::Host:
      return check_host(field.value, head);
    default:
      break;
  }
  return field.checked || is_valid_value(field.value) ? nullptr : kBadValue;
}

bool is_pseudo(const HeaderField& field) noexcept {
  return !field.name.empty() && field.name.front() == ':';
}

constexpr std::uint32_t bit(Token token) noexcept {
  return std::uint32_t{1} << static_cast<std::uint32_t>(token);
}
constexpr std::uint32_t kRequestPseudo =
    bit(Token::Authority) | bit(Token::Method) | bit(Token::Path) | bit(Token::Scheme);

struct PseudoFields {
  std::uint32_t seen = 0;
  std::size_t count = 0;
  std::array<const HeaderField*, static_cast<std::size_t>(Token::Protocol) + 1> at{};
  bool has(Token token) const noexcept { return (seen & bit(token)) != 0; }
  std::string_view value(Token token) const noexcept {
    const HeaderField* field = at[static_cast<std::size_t>(token)];
    return field == nullptr ? std::string_view() : field->value;
  }
};

/// Takes the pseudo-headers in front of the list, each of `allowed` at most once.
const char* take_pseudo(HeaderFields fields, std::uint32_t allowed, PseudoFields& pseudo) noexcept {
  for (const HeaderField& field : fields) {
    if (!is_pseudo(field)) break;
    const std::uint32_t mask = bit(field.token);
    if ((mask & allowed) == 0) {
      return "a pseudo-header field is unknown or does not belong into this message (RFC 9113 "
             "section 8.3)";
    }
    if ((pseudo.seen & mask) != 0) {
      return "a pseudo-header field is present twice (RFC 9113 section 8.3)";
    }
    if (!field.checked && !is_valid_value(field.value)) return kBadValue;
    pseudo.seen |= mask;
    pseudo.at[static_cast<std::size_t>(field.token)] = &field;
    ++pseudo.count;
  }
  return nullptr;
}

/// Section 8.5: CONNECT has :authority, and neither :scheme nor :path.
const char* check_connect(const PseudoFields& pseudo) noexcept {
  if (pseudo.seen == (bit(Token::Method) | bit(Token::Authority))) return nullptr;
  return "a CONNECT request must have :method and :authority and no other pseudo-header field "
         "(RFC 9113 section 8.5)";
}

/// Section 8.3.1 has rules for the schemes http and https alone.
const char* check_target(const PseudoFields& pseudo, const MessageHead& head) noexcept {
  const std::string_view path = pseudo.value(Token::Path);
  const bool rooted = path.starts_with('/');
  const bool user = head.authority.find('@') != std::string_view::npos;
  if (rooted && !user) [[likely]]
    return nullptr;
  if (head.scheme != "http" && head.scheme != "https") return nullptr;
  if (user) return "the :authority of a request has user information (RFC 9113 section 8.3.1)";
  if (path == "*" && pseudo.value(Token::Method) == "OPTIONS") return nullptr;
  return path.empty() ? "a request has an empty :path (RFC 9113 section 8.3.1)"
                      : "the :path of a request does not start with '/' (RFC 9113 section 8.3.1)";
}

const char* check_request_pseudo(const PseudoFields& pseudo, MessageHead& head) noexcept {
  if (!pseudo.has(Token::Method)) return "a request has no :method (RFC 9113 section 8.3.1)";
  head.authority = pseudo.value(Token::Authority);
  if (pseudo.value(Token::Method) == "CONNECT") return check_connect(pseudo);
  if (!pseudo.has(Token::Scheme)) return "a request has no :scheme (RFC 9113 section 8.3.1)";
  if (!pseudo.has(Token::Path)) return "a request has no :path (RFC 9113 section 8.3.1)";
  head.scheme = pseudo.value(Token::Scheme);
  return check_target(pseudo, head);
}

/// 100 to 999, as RFC 9110 section 15 has them; 0 for anything else.
int parse_status(std::string_view value) noexcept {
  if (value.size() != 3 || value[0] == '0') return 0;
  int status = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return 0;
    status = status * 10 + (c - '0');
  }
  return status;
}

}  // namespace

const char* check_regulars(HeaderFields fields, MessageHead& head) noexcept {
  for (const HeaderField& field : fields) {
    if (is_pseudo(field)) [[unlikely]]
      return kLatePseudo;
    if (const char* fault = check_regular(field, head)) return fault;
  }
  return nullptr;
}

const char* check_request(HeaderFields fields, MessageHead& head) noexcept {
  PseudoFields pseudo;
  if (const char* fault = take_pseudo(fields, kRequestPseudo, pseudo)) return fault;
  if (const char* fault = check_request_pseudo(pseudo, head)) return fault;
  return check_regulars(fields.subspan(pseudo.count), head);
}

const char* check_response(HeaderFields fields, MessageHead& head) noexcept {
  PseudoFields pseudo;
  if (const char* fault = take_pseudo(fields, bit(Token::Status), pseudo)) return fault;
  if (pseudo.count == 0) return "a response has no :status (RFC 9113 section 8.3.2)";
  const int status = parse_status(fields.front().value);
  if (status == 0) return "the :status of a response is not three digits (RFC 9113 section 8.3.2)";
  if (status == 101)
    return "a response has status 101, which HTTP/2 has not (RFC 9113 section 8.6)";
  head.response = true;
  head.informational = status < 200;
  head.never_content = status == 204 || status == 304;
  return check_regulars(fields.subspan(pseudo.count), head);
}

const char* check_trailers(HeaderFields fields) noexcept {
  MessageHead head;
  for (const HeaderField& field : fields) {
    if (is_pseudo(field)) {
      return "trailers have a pseudo-header field (RFC 9113 section 8.1)";
    }
    if (const char* fault = check_regular(field, head)) return fault;
  }
  return nullptr;
}

}  // namespace weft::http2::internal
