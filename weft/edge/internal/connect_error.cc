#include "weft/edge/internal/connect_error.h"

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "weft/base/utf8.h"
#include "weft/rpc/grpc/google_status.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge {
namespace {

struct Code {
  std::string_view name;
  int http;
};

/// By StatusCode. 408 is not among the HTTP statuses: clients of HTTP repeat such a request.
constexpr std::array<Code, 17> kCodes = {{{"ok", 200},
                                          {"canceled", 499},
                                          {"unknown", 500},
                                          {"invalid_argument", 400},
                                          {"deadline_exceeded", 504},
                                          {"not_found", 404},
                                          {"already_exists", 409},
                                          {"permission_denied", 403},
                                          {"resource_exhausted", 429},
                                          {"failed_precondition", 400},
                                          {"aborted", 409},
                                          {"out_of_range", 400},
                                          {"unimplemented", 501},
                                          {"internal", 500},
                                          {"unavailable", 503},
                                          {"data_loss", 500},
                                          {"unauthenticated", 401}}};

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto code = static_cast<unsigned char>(c);
  if (code >= 0x20) {
    out += c;
  } else {
    out += "\\u00";
    out += kHex[code >> 4];
    out += kHex[code & 15];
  }
}

void append_details(std::string& out, std::string_view serialised) {
  const Result<GoogleStatus> read = read_google_status(serialised);
  if (!read.ok() || read->details.empty()) return;
  out += ",\"details\":[";
  for (const StatusDetail& detail : read->details) {
    if (out.back() != '[') out += ',';
    out += "{\"type\":";
    append_json_string(out, detail.type_url.substr(detail.type_url.rfind('/') + 1));
    out += ",\"value\":\"";
    rpc::base64_encode(detail.value, out);
    out += "\"}";
  }
  out += ']';
}

/// Each name once, with all its values in order.
void append_metadata(std::string& out, const Metadata& metadata) {
  std::map<std::string_view, std::vector<std::string>> values;
  for (const Metadata::Entry entry : metadata) values[entry.name].push_back(field_value(entry));
  out += "\"metadata\":{";
  for (const auto& [name, all] : values) {
    if (out.back() != '{') out += ',';
    append_json_string(out, name);
    out += ":[";
    for (const std::string& value : all) {
      if (out.back() != '[') out += ',';
      append_json_string(out, value);
    }
    out += ']';
  }
  out += '}';
}

}  // namespace

std::string_view connect_code(StatusCode code) noexcept {
  return kCodes[static_cast<std::size_t>(code)].name;
}

int http_status_of(StatusCode code) noexcept { return kCodes[static_cast<std::size_t>(code)].http; }

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : to_utf8(text)) append_escaped(out, c);
  out += '"';
}

void append_error(std::string& out, const Status& status) {
  out += "{\"code\":\"";
  out += connect_code(status.code());
  out += '"';
  if (!status.message().empty()) {
    out += ",\"message\":";
    append_json_string(out, status.message());
  }
  if (!status.details().empty()) append_details(out, status.details());
  out += '}';
}

void append_end_stream(std::string& out, const Status& status, const Metadata& trailers) {
  out += '{';
  if (!status.ok()) {
    out += "\"error\":";
    append_error(out, status);
  }
  if (!trailers.empty()) {
    if (!status.ok()) out += ',';
    append_metadata(out, trailers);
  }
  out += '}';
}

void add_hints(const CallRequest& request, ResponseFields& fields) {
  if (request.http_status == 405) {
    fields.add("allow", request.allow.empty() ? std::string_view("POST") : request.allow);
  }
  if (request.http_status != 415) return;
  if (request.protocol == Protocol::Rest) return fields.add("accept-post", "application/json");
  const bool streams = request.route != nullptr && request.route->method->kind != MethodKind::Unary;
  fields.add("accept-post", streams ? "application/connect+proto, application/connect+json"
                                    : "application/proto, application/json");
}

}  // namespace weft::edge
