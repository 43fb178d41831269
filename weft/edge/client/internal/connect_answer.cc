#include "weft/edge/client/internal/connect_answer.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/struct.pb.h>

#include "weft/base/text/ascii.h"
#include "weft/codec/json/json.h"
#include "weft/edge/answer/internal/connect_codes.h"
#include "weft/edge/client/internal/answer_body.h"
#include "weft/edge/client/internal/protocol_fields.h"
#include "weft/rpc/grpc/google_status.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

const Value* find(const Struct& object, const char* name) {
  const auto found = object.fields().find(name);
  return found == object.fields().end() ? nullptr : &found->second;
}

/// Empty where there is no text of that name.
std::string text_of(const Struct& object, const char* name) {
  const Value* const value = find(object, name);
  return value != nullptr && value->kind_case() == Value::kStringValue ? value->string_value()
                                                                       : std::string();
}

/// Nothing for OK, which is no error.
std::optional<StatusCode> code_of(std::string_view name) noexcept {
  for (std::size_t i = 1; i < kConnectCodes.size(); ++i) {
    if (kConnectCodes[i].name == name) return static_cast<StatusCode>(i);
  }
  return std::nullopt;
}

/// The details that can be read; others are left out.
std::string details_of(const Struct& error, StatusCode code, std::string_view message) {
  const Value* const list = find(error, "details");
  if (list == nullptr || list->kind_case() != Value::kListValue) return {};
  std::vector<std::pair<std::string, std::string>> all;
  for (const Value& one : list->list_value().values()) {
    if (one.kind_case() != Value::kStructValue) continue;
    const std::string type = text_of(one.struct_value(), "type");
    std::string value;
    if (type.empty() || !rpc::base64_decode(text_of(one.struct_value(), "value"), value)) continue;
    all.emplace_back("type.googleapis.com/" + type.substr(type.rfind('/') + 1), std::move(value));
  }
  if (all.empty()) return {};
  std::vector<StatusDetail> details;
  for (const auto& [type, value] : all) details.push_back({.type_url = type, .value = value});
  return write_google_status(code, message, details);
}

Status status_of(const Struct& error, StatusCode without_code) {
  const StatusCode code = code_of(text_of(error, "code")).value_or(without_code);
  const std::string message = text_of(error, "message");
  const Status status(code, message, Origin::Peer);
  const std::string details = details_of(error, code, message);
  return details.empty() ? status : status.with_details(details);
}

Status add_trailers(const Struct& metadata, Metadata& trailers, std::size_t limit) {
  for (const auto& [name, values] : metadata.fields()) {
    const std::string key = ascii::lower(name);
    for (const Value& value : values.list_value().values()) {
      Status added = add_received(key, value.string_value(), trailers, limit);
      if (!added.ok()) return added;
    }
  }
  return {};
}

Status not_connect(std::string_view why) {
  return Status(StatusCode::Internal, "the end of the server's stream " + std::string(why),
                Origin::Peer);
}

}  // namespace

Status read_unary_error(std::string_view json, int http_status) {
  const StatusCode inferred = rpc::status_of_http(http_status);
  Struct error;
  if (from_json(json, error).ok()) {
    Status status = status_of(error, inferred);
    if (!status.message().empty() || find(error, "code") != nullptr) return status;
  }
  return Status(inferred,
                "the server answered HTTP " + std::to_string(http_status) + shown_body(json),
                Origin::Peer);
}

Status read_end_stream(std::string_view json, Metadata& trailers, std::size_t limit) {
  Struct end;
  if (Status read = from_json(json, end); !read.ok()) {
    return not_connect("is not JSON: " + std::string(read.message()));
  }
  const Value* const metadata = find(end, "metadata");
  if (metadata != nullptr && metadata->kind_case() == Value::kStructValue) {
    if (Status added = add_trailers(metadata->struct_value(), trailers, limit); !added.ok()) {
      return added;
    }
  }
  const Value* const error = find(end, "error");
  if (error == nullptr || error->kind_case() == Value::kNullValue) return {};
  if (error->kind_case() != Value::kStructValue)
    return not_connect("has an error that is no object");
  return status_of(error->struct_value(), StatusCode::Unknown);
}

}  // namespace weft::edge
