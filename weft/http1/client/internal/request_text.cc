#include "weft/http1/client/internal/request_text.h"

#include <algorithm>
#include <array>
#include <optional>

#include "weft/base/log/log_value.h"
#include "weft/base/text/ascii.h"
#include "weft/base/text/token.h"
#include "weft/http1/message/head_writer.h"

namespace weft::http1 {
namespace {

// They frame the message or are for the next hop only (RFC 9110 section 7.6.1), or ask for what
// this client does not do.
constexpr std::array<std::string_view, 12> kOurs{
    "connection",          "content-length",   "expect", "host",    "keep-alive",
    "proxy-authorization", "proxy-connection", "te",     "trailer", "upgrade",
    "transfer-encoding",   "http2-settings"};

/// Methods that give a body a meaning: an empty one is announced.
bool expects_body(std::string_view method) noexcept {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

void append_framing(std::string& out, const Request& request) {
  const std::optional<std::uint64_t> size =
      request.source() == nullptr ? std::optional<std::uint64_t>(request.bytes().size())
                                  : request.source()->size();
  if (!request.has_body() && !expects_body(request.method())) return;
  if (size) return append_field(out, "content-length", *size);
  append_field(out, "transfer-encoding", "chunked");
}

}  // namespace

Status check_request(const Request& request) {
  if (!is_token(request.method())) {
    return invalid_argument("the method " + log_value(request.method()) + " is no token");
  }
  if (request.method() == "CONNECT") {
    return invalid_argument("CONNECT is for proxies; see ClientOptions::proxy");
  }
  for (const Field& field : request.fields()) {
    if (std::find(kOurs.begin(), kOurs.end(), field.name) != kOurs.end()) {
      return invalid_argument("the field " + field.name + " is the client's own to send");
    }
    if (Status fits = check_field({field.name, field.value}); !fits.ok()) return fits;
  }
  return {};
}

std::string head_text(const Request& request, const Url& url, const HeadExtras& extras) {
  std::string out;
  out.reserve(256 + url.target().size());
  append_request_line(out, request.method(), extras.to_proxy ? url.to_string() : url.target());
  append_field(out, "host", url.authority());
  if (!request.fields().has("user-agent")) append_field(out, "user-agent", extras.user_agent);
  if (!extras.accept_encoding.empty() && !request.fields().has("accept-encoding")) {
    append_field(out, "accept-encoding", extras.accept_encoding);
  }
  if (!extras.proxy_authorization.empty()) {
    append_field(out, "proxy-authorization", extras.proxy_authorization);
  }
  for (const Field& field : request.fields()) append_field(out, field.name, field.value);
  append_framing(out, request);
  out += kLineEnd;
  return out;
}

bool is_idempotent(std::string_view method) noexcept {
  constexpr std::array<std::string_view, 6> kIdempotent{"GET",    "HEAD",    "PUT",
                                                        "DELETE", "OPTIONS", "TRACE"};
  return std::find(kIdempotent.begin(), kIdempotent.end(), method) != kIdempotent.end();
}

std::string accept_encoding_of(const CompressionSet& accepted) {
  std::string out;
  for (const Compression one : {Compression::Gzip, Compression::Deflate, Compression::Zstd}) {
    if (!accepted.contains(one)) continue;
    if (!out.empty()) out += ", ";
    out += name_of(one);
  }
  return out;
}

}  // namespace weft::http1
