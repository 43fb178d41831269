#include "weft/rpc/handler.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace weft::rpc {

namespace {

/// Why a method that takes one request did not get any.
Status no_request(const Call& call) {
  if (call.context().is_cancelled()) return call.context().cancel_reason();
  // Cardinality violations are UNIMPLEMENTED by gRPC's table of status codes.
  return unimplemented("the method takes one request, but the stream ended without any");
}

// Less is not worth a look at the clock.
constexpr std::size_t kMeasuredParseFrom = 1024;

/// What it takes to parse a message counts as work of the loop's round; twice, as the object will
/// be destroyed too.
void note_parsed(net::Loop& loop, Duration took) noexcept {
  constexpr Duration kUnit = std::chrono::nanoseconds(500);
  loop.add_work(static_cast<std::int32_t>(
      std::min<Duration::rep>(2 * (took / kUnit), net::Loop::kLongRound)));
}

}  // namespace

bool read_single(Call& call, google::protobuf::MessageLite& into, std::size_t& size,
                 Status& status) {
  Message message;
  const MessageReader::Poll polled = call.requests().poll(message);
  if (polled == MessageReader::Poll::Pending) return false;
  size = message.size();
  if (polled == MessageReader::Poll::End) {
    status = no_request(call);
  } else if (size < kMeasuredParseFrom) {
    status = codec::parse(message, into);
  } else {
    const TimePoint began = call.loop().now();
    status = codec::parse(message, into);
    note_parsed(call.loop(), call.loop().now() - began);
  }
  return true;
}

bool write_single(Call& call, const google::protobuf::MessageLite& from, Status& status) {
  const MessageWriter::Poll offered = call.responses().offer(codec::message_of(from).mark_last());
  if (offered == MessageWriter::Poll::Closed) status = call.context().cancel_reason();
  return offered != MessageWriter::Poll::Blocked;
}

Status not_implemented(const MethodDescriptor& method) {
  return unimplemented(std::string("method ").append(method.path).append(" is not implemented"));
}

}  // namespace weft::rpc
