#include "weft/rpc/client/unary_call.h"

#include <cstdlib>

#include "weft/base/fork_mutex.h"
#include "weft/rpc/call/message/coded_message.h"

namespace weft::rpc {
namespace {

/// Serves calls that are over before any service sees them.
class NotMade final : public Service {
 public:
  Task<Status> serve(Call& call) override { return Task<Status>(call.context().cancel_reason()); }
};

/// As apply(), but for the metadata.
void apply_settings(const CallOptions& options, Call& call) {
  if (options.timeout != kForever) {
    const TimePoint now = call.loop().now();
    call.set_started(now);
    call.limit_deadline(after(now, options.timeout));
  }
  call.set_compression(options.compression);
  call.set_wait_for_ready(options.wait_for_ready);
  call.set_max_receive_size(options.max_receive_size);
}

}  // namespace

// Neither end ever says Pending or Blocked, so a waiter here is a caller's mistake that would hang
// it.
void SingleRequest::wait(Waiter&) noexcept { std::abort(); }
void SingleResponse::wait(Waiter&) noexcept { std::abort(); }

Status SingleResponse::count_checked(Status status) const {
  if (!status.ok()) return status;
  // Cardinality violations are UNIMPLEMENTED by gRPC's table of status codes.
  if (count_ == 0) return unimplemented("the call ended with OK but without its response message");
  if (count_ > 1) return unimplemented("the server sent more than the one response of this method");
  return status;
}

Status SingleResponse::finish(Status status, google::protobuf::MessageLite& into,
                              const Codec* codec) const {
  status = count_checked(std::move(status));
  if (!status.ok()) return status;
  return codec == nullptr ? codec::parse(response_.pieces(), into)
                          : decode(*codec, response_, into);
}

std::optional<Status> SingleResponse::finish(Status status, google::protobuf::MessageLite& into,
                                             std::unique_ptr<SlowParse>& slow,
                                             const Codec* codec) const {
  status = count_checked(std::move(status));
  if (!status.ok()) return status;
  if (codec != nullptr) [[unlikely]]
    return decode(*codec, response_, into);
  if (response_.size() <= SlowParse::kNeverSlow) return codec::parse(response_.pieces(), into);
  return SlowParse::try_parse(response_, into, slow);
}

Status SingleResponse::finish(Status status, Bytes& into) {
  status = count_checked(std::move(status));
  if (status.ok()) into = response_.bytes();
  return status;
}

UnaryCall::UnaryCall(net::Loop& loop, Context* parent, Service& service,
                     const MethodDescriptor& method, Message request, const CallOptions& options)
    : service_(&service),
      options_(options),
      request_(std::move(request)),
      call_(Call::Side::Client, loop, method.path, &method, parent) {
  begin();
  if (options.codec != nullptr) choose_codec(options, service, call_);
}

UnaryCall::UnaryCall(net::Loop& loop, Context* parent, Service& service,
                     const MethodDescriptor& method, const google::protobuf::MessageLite& request,
                     const CallOptions& options)
    : service_(&service),
      options_(options),
      request_(request),
      call_(Call::Side::Client, loop, method.path, &method, parent) {
  begin();
  if (chooses_codec(options, service)) [[unlikely]]
    encode(request);
}

void UnaryCall::begin() {
  call_.set_requests(request_);
  call_.set_responses(response_);
  if (options_.metadata != nullptr) call_.share_request_metadata(*options_.metadata);
  apply_settings(options_, call_);
}

/// Once, whatever repeats the call. Where that fails the call is over before the service sees it.
[[gnu::cold]] void UnaryCall::encode(const google::protobuf::MessageLite& request) {
  choose_codec(options_, *service_, call_);
  if (call_.codec() == nullptr) return;
  Result<Message> encoded = rpc::encode(*call_.codec(), request);
  if (encoded.ok()) return request_.replace(*std::move(encoded));
  static constinit NeverDestroyed<NotMade> not_made;
  service_ = &not_made.object;
  call_.context().cancel(encoded.status());
}

Status UnaryCall::finish(Status status, google::protobuf::MessageLite& into) {
  hand_over_metadata(options_, call_);
  return response_.finish(std::move(status), into, call_.codec());
}

std::optional<Status> UnaryCall::finish(Status status, google::protobuf::MessageLite& into,
                                        std::unique_ptr<SlowParse>& slow) {
  hand_over_metadata(options_, call_);
  return response_.finish(std::move(status), into, slow, call_.codec());
}

Status UnaryCall::finish(Status status, Bytes& into) {
  hand_over_metadata(options_, call_);
  return response_.finish(std::move(status), into);
}

void apply(const CallOptions& options, Call& call) {
  if (options.metadata != nullptr) call.request_metadata() = *options.metadata;
  apply_settings(options, call);
}

[[gnu::cold]] void choose_codec(const CallOptions& options, const Service& service, Call& call) {
  if (options.codec == &protobuf_codec()) return;
  call.set_codec(options.codec != nullptr ? codec::borrowed(*options.codec) : service.codec());
}

void hand_over_metadata(const CallOptions& options, Call& call) {
  if (options.response_metadata != nullptr) {
    *options.response_metadata = std::move(call.response_metadata());
  }
  if (options.trailers != nullptr) *options.trailers = std::move(call.trailers());
}

Status no_loop() {
  return failed_precondition(
      "a coroutine call was awaited on a thread that runs no weft loop; use the blocking client "
      "there, or run the coroutine on a loop");
}

}  // namespace weft::rpc
