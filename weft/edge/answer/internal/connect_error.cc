#include "weft/edge/answer/internal/connect_error.h"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "weft/base/text/json_text.h"
#include "weft/edge/answer/internal/connect_codes.h"
#include "weft/rpc/grpc/google_status.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge {
namespace {

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
  return kConnectCodes[static_cast<std::size_t>(code)].name;
}

int http_status_of(StatusCode code) noexcept {
  return kConnectCodes[static_cast<std::size_t>(code)].http;
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
  const MethodKind kind =
      request.route == nullptr ? MethodKind::Unary : request.route->method->kind;
  if (request.protocol == Protocol::Rest) {
    return fields.add("accept-post",
                      streams_requests(kind) ? "application/x-ndjson" : "application/json");
  }
  const bool streams = kind != MethodKind::Unary;
  fields.add("accept-post", streams ? "application/connect+proto, application/connect+json"
                                    : "application/proto, application/json");
}

}  // namespace weft::edge
