#include "weft/rpc/client/blocking_call.h"

#include <utility>

#include "weft/codec/protobuf.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/run_blocking.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/client/unary_call.h"

namespace weft::rpc {
namespace {

using google::protobuf::MessageLite;

Task<Status> call(Channel& channel, const MethodDescriptor& method, const MessageLite& request,
                  MessageLite& response, const CallOptions& options) {
  net::Loop* const loop = net::Loop::current();
  Context* const context = co_await current_context();
  UnaryCall call(*loop, context, channel, method, request, options);
  Status status = co_await call.run();
  co_return call.finish(std::move(status), response);
}

}  // namespace

Status call_and_wait(Channel& channel, const MethodDescriptor& method, const MessageLite& request,
                     MessageLite& response, const CallOptions& options) {
  const Result<net::Loop*> loop = find_blocking_loop(channel);
  if (!loop.ok()) return loop.status();
  return net::run_blocking(**loop, call(channel, method, request, response, options), method.path);
}

}  // namespace weft::rpc
