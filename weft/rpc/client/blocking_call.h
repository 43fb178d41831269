#pragma once

#include "weft/base/result.h"
#include "weft/rpc/call/call_options.h"
#include "weft/rpc/call/method.h"

namespace google::protobuf {
class MessageLite;
}  // namespace google::protobuf

namespace weft::net {
class Loop;
}  // namespace weft::net

namespace weft {

class Channel;

namespace rpc {

/// The channel's blocking loop, or RESOURCE_EXHAUSTED where the system gives no descriptor or
/// thread to start it.
Result<net::Loop*> find_blocking_loop(Channel& channel);

/// A unary call on the channel's blocking loop for a thread that waits for it; its response is
/// parsed into `response`. Not on the loop's own thread, which would wait for itself.
Status call_and_wait(Channel& channel, const MethodDescriptor& method,
                     const google::protobuf::MessageLite& request,
                     google::protobuf::MessageLite& response, const CallOptions& options);

/// What a generated blocking client's unary method returns.
template <class Response>
Result<Response> call_unary_blocking(Channel& channel, const MethodDescriptor& method,
                                     const google::protobuf::MessageLite& request,
                                     const CallOptions& options) {
  Response response;
  Status status = call_and_wait(channel, method, request, response, options);
  if (!status.ok()) return status;
  return response;
}

}  // namespace rpc
}  // namespace weft
