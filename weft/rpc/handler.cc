#include "weft/rpc/handler.h"

#include <string>

namespace weft::rpc {

Status parse_single(const Call& call, const std::optional<Message>& message,
                    google::protobuf::MessageLite& into) {
  if (message) return codec::parse(message->pieces(), into);
  if (call.context().is_cancelled()) return call.context().cancel_reason();
  // Cardinality violations are UNIMPLEMENTED by gRPC's table of status codes.
  return unimplemented("the method takes one request, but the stream ended without any");
}

Status write_outcome(const Call& call, bool taken) {
  return taken ? Status() : Status(call.context().cancel_reason());
}

Status not_implemented(const MethodDescriptor& method) {
  return unimplemented(std::string("method ").append(method.path).append(" is not implemented"));
}

}  // namespace weft::rpc
