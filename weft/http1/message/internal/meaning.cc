#include "weft/http1/message/internal/meaning.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/base/text/token.h"

namespace weft::http1 {
namespace {

using By = Framing::By;

/// What the fields that matter to the message itself say.
struct Said {
  std::string_view length, codings, host, expect;
  std::size_t lengths = 0, all_codings = 0, hosts = 0, expects = 0;
  bool close = false, keep_alive = false, upgrades = false;
  std::string_view upgrade;
};

std::string quoted(std::string_view text) { return "'" + printable(text.substr(0, 64)) + "'"; }

void read_connection(std::string_view value, Said& said) noexcept {
  said.close = said.close || lists_token(value, "close");
  said.keep_alive = said.keep_alive || lists_token(value, "keep-alive");
  said.upgrades = said.upgrades || lists_token(value, "upgrade");
}

void read(const rpc::HttpField& field, Said& said) noexcept {
  const auto [name, value] = field;
  switch (name.size()) {
    case 4:
      if (name == "host" && said.hosts++ == 0) said.host = value;
      return;
    case 6:
      if (name == "expect" && said.expects++ == 0) said.expect = value;
      return;
    case 7:
      if (name == "upgrade" && said.upgrade.empty()) said.upgrade = value;
      return;
    case 10:
      if (name == "connection") read_connection(value, said);
      return;
    case 14:
      if (name == "content-length" && said.lengths++ == 0) said.length = value;
      return;
    case 17:
      if (name == "transfer-encoding" && said.all_codings++ == 0) said.codings = value;
      return;
    default:
      return;
  }
}

Said read(const Head& head) noexcept {
  Said said;
  for (const rpc::HttpField& field : head.fields) read(field, said);
  return said;
}

/// RFC 9112 section 6.1: "chunked" alone is known, and nothing but that ends a message safely.
Fault read_codings(const Said& said, Head& head) {
  if (head.version == Version::Http10) {
    return {400, "Transfer-Encoding in HTTP/1.0, which does not have it"};
  }
  if (said.lengths != 0) {
    return {400,
            "Transfer-Encoding together with Content-Length: where the message ends is "
            "ambiguous (RFC 9112 section 6.3)"};
  }
  if (said.all_codings == 1 && ascii::equal_without_case(said.codings, "chunked")) {
    head.framing = {By::Chunks, 0};
    return {};
  }
  const std::string_view last = said.codings.substr(said.codings.rfind(',') + 1);
  const std::size_t begin = last.find_first_not_of(" \t");
  const bool ends = said.all_codings == 1 && begin != std::string_view::npos &&
                    ascii::equal_without_case(last.substr(begin), "chunked") &&
                    !lists_token(said.codings.substr(0, said.codings.rfind(',')), "chunked");
  if (ends) {
    return {501,
            "Transfer-Encoding " + quoted(said.codings) + ": the only known coding is chunked"};
  }
  return {400, "Transfer-Encoding " + quoted(said.codings) +
                   (said.all_codings > 1 ? " comes more than once" : "") +
                   ": the last coding has to be chunked, once"};
}

Fault read_length(const Said& said, Head& head) {
  if (said.lengths > 1) return {400, "Content-Length comes more than once"};
  const char* const end = said.length.data() + said.length.size();
  std::uint64_t length = 0;
  const auto parsed = std::from_chars(said.length.data(), end, length);
  if (parsed.ec != std::errc() || parsed.ptr != end || length > INT64_MAX) {
    return {400, "Content-Length " + quoted(said.length) + " is not a number from 0 to 2^63 - 1"};
  }
  head.framing = {By::Length, length};
  return {};
}

Fault read_framing(const Said& said, Head& head) {
  head.framing = {};
  if (said.all_codings != 0) return read_codings(said, head);
  if (said.lengths != 0) return read_length(said, head);
  return {};
}

/// RFC 9110 section 7.8: "name" or "name/version", each a token.
bool is_protocol(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  return is_token(text.substr(0, slash)) &&
         (slash == std::string_view::npos || is_token(text.substr(slash + 1)));
}

/// Takes the next member off the front of a list.
std::string_view take_member(std::string_view& list) noexcept {
  const std::string_view member = list.substr(0, list.find(','));
  list.remove_prefix(std::min(list.size(), member.size() + 1));
  return ascii::trimmed(member);
}

bool is_list_of_protocols(std::string_view list) noexcept {
  if (first_of_list(list).empty()) return false;
  while (!list.empty()) {
    const std::string_view member = take_member(list);
    if (!member.empty() && !is_protocol(member)) return false;
  }
  return true;
}

void read_persistence(const Said& said, Head& head) noexcept {
  head.persistent = !said.close && (head.version == Version::Http11 || said.keep_alive);
  head.upgrade = {};
  const bool offers = said.upgrades && head.version == Version::Http11;
  if (offers && is_list_of_protocols(said.upgrade)) head.upgrade = said.upgrade;
}

/// RFC 9112 section 3.2.
Fault read_host(const Said& said, RequestHead& head) {
  if (said.hosts > 1) return {400, "Host comes more than once"};
  if (said.hosts == 0 && head.version == Version::Http11) return {400, "no Host field"};
  if (said.hosts == 1 && said.host.empty()) {
    return {400, "Host is empty, and http names a host (RFC 9110 section 4.2.1)"};
  }
  if (!is_authority(said.host)) {
    return {400, "Host " + quoted(said.host) + " is not a host with or without a port"};
  }
  // An absolute target and CONNECT have said it already.
  if (head.authority.empty()) head.authority = said.host;
  return {};
}

Fault read_expectation(const Said& said, RequestHead& head) {
  head.expects_continue = false;
  // Section 10.1.1 of RFC 9110: to be ignored of HTTP/1.0.
  if (said.expects == 0 || head.version == Version::Http10) return {};
  if (said.expects > 1 || !ascii::equal_without_case(said.expect, "100-continue")) {
    return {417, "Expect " + quoted(said.expect) + ": the only known expectation is 100-continue"};
  }
  head.expects_continue = head.framing.by == By::Chunks || head.framing.length != 0;
  return {};
}

/// RFC 9112 section 6.3: these end with their head, whatever the fields say.
bool has_no_content(std::string_view method, int status) noexcept {
  return method == "HEAD" || status < 200 || status == 204 || status == 304 ||
         (method == "CONNECT" && status < 300);
}

}  // namespace

std::string_view Head::field(std::string_view name) const noexcept {
  for (const rpc::HttpField& one : fields) {
    if (one.name == name) return one.value;
  }
  return {};
}

bool Head::has(std::string_view name) const noexcept {
  return std::any_of(fields.begin(), fields.end(),
                     [name](const rpc::HttpField& one) { return one.name == name; });
}

std::string_view first_of_list(std::string_view list) noexcept {
  std::string_view member;
  while (member.empty() && !list.empty()) member = take_member(list);
  return member;
}

bool lists_token(std::string_view list, std::string_view token) noexcept {
  while (!list.empty()) {
    if (ascii::equal_without_case(take_member(list), token)) return true;
  }
  return false;
}

Fault fault_of_framing(std::string_view line, Head& head) {
  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string name = ascii::lower(std::string(line.substr(0, colon)));
  if (name != "content-length" && name != "transfer-encoding") return {};
  Said said = read(head);
  read({name, ascii::trimmed(line.substr(std::min(colon + 1, line.size())))}, said);
  return read_framing(said, head);
}

Fault read_request_fields(RequestHead& head) {
  const Said said = read(head);
  if (Fault fault = read_target(head)) return fault;
  if (Fault fault = read_host(said, head)) return fault;
  if (Fault fault = read_framing(said, head)) return fault;
  if (head.method == "CONNECT" && head.framing.by != By::Nothing) {
    return {400, "CONNECT with content: what follows it is the tunnel's (RFC 9110 section 9.3.6)"};
  }
  read_persistence(said, head);
  return read_expectation(said, head);
}

Fault read_response_fields(std::string_view method, ResponseHead& head) {
  // Above 599 it is processed as 5xx (RFC 9110 section 15).
  if (head.status < 100) {
    return {502, "the status " + std::to_string(head.status) + " is not from 100 to 999"};
  }
  const Said said = read(head);
  if (Fault fault = read_framing(said, head)) return fault;
  if (has_no_content(method, head.status)) {
    head.framing = {};
  } else if (head.framing.by == By::Nothing) {
    head.framing = {By::Close, 0};
  }
  read_persistence(said, head);
  if (head.framing.by == By::Close) head.persistent = false;
  return {};
}

bool may_be_trailer(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 24> kNever = {"authorization",
                                                              "cache-control",
                                                              "connection",
                                                              "content-encoding",
                                                              "content-length",
                                                              "content-range",
                                                              "content-type",
                                                              "cookie",
                                                              "expect",
                                                              "host",
                                                              "keep-alive",
                                                              "max-forwards",
                                                              "proxy-authenticate",
                                                              "proxy-authorization",
                                                              "proxy-connection",
                                                              "range",
                                                              "set-cookie",
                                                              "te",
                                                              "trailer",
                                                              "transfer-encoding",
                                                              "upgrade",
                                                              "www-authenticate",
                                                              "forwarded",
                                                              "via"};
  return !name.starts_with("x-forwarded-") &&
         std::find(kNever.begin(), kNever.end(), name) == kNever.end();
}

}  // namespace weft::http1
