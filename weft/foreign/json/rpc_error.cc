#include "weft/foreign/json/rpc_error.h"

#include "weft/base/text/json_text.h"
#include "weft/codec/schema/text/base64.h"
#include "weft/codec/schema/wire.h"

namespace weft::foreign::rpc_error {

int code_of(const Status& status) noexcept {
  switch (status.code()) {
    case StatusCode::Unimplemented:
      return -32601;
    case StatusCode::InvalidArgument:
      return -32602;
    case StatusCode::Internal:
      return -32603;
    default:
      return -32000 - static_cast<int>(status.code());
  }
}

void append(int code, const Status& status, std::string& out) {
  out.append("{\"code\":").append(std::to_string(code == 0 ? code_of(status) : code));
  out.append(",\"message\":");
  append_json_string(out, status.message());
  out.append(",\"data\":{\"status\":\"").append(name_of(status.code())).append("\"");
  if (!status.details().empty()) {
    codec::OutputBytes details;
    codec::put_base64(status.details(), details);
    out.append(",\"details\":\"").append(details.view()).append("\"");
  }
  out.append("}}");
}

}  // namespace weft::foreign::rpc_error
