#include "weft/edge/answer/internal/rpc_status.h"

#include <string_view>

#include <google/protobuf/any.pb.h>

#include "weft/base/text/json_text.h"
#include "weft/codec/json/json.h"
#include "weft/edge/answer/internal/connect_error.h"
#include "weft/rpc/grpc/google_status.h"

namespace weft::edge {
namespace {

void append_details(std::string& out, std::string_view serialised) {
  const Result<GoogleStatus> read = read_google_status(serialised);
  if (!read.ok() || read->details.empty()) return;
  out += ",\"details\":[";
  for (const StatusDetail& detail : read->details) {
    google::protobuf::Any any;
    any.set_type_url(std::string(detail.type_url));
    any.set_value(std::string(detail.value));
    const Result<std::string> json = to_json(any, {.marks = true});
    if (!json.ok()) continue;
    if (out.back() != '[') out += ',';
    out += *json;
  }
  out += ']';
}

}  // namespace

void append_rpc_status(std::string& out, const Status& status) {
  out += "{\"code\":" + std::to_string(static_cast<int>(status.code())) + ",\"message\":";
  append_json_string(out, status.message());
  if (!status.details().empty()) append_details(out, status.details());
  out += '}';
}

}  // namespace weft::edge
