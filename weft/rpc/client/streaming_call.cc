#include "weft/rpc/client/streaming_call.h"

#include "weft/base/fatal.h"
#include "weft/rpc/call/message/coded_message.h"

namespace weft::rpc {

StreamingCall::StreamingCall(net::Loop& loop, Context* parent, Service& service,
                             const MethodDescriptor& method, const CallOptions& options)
    : CancelHook(&StreamingCall::on_cancelled),
      options_(options),
      requests_(loop),
      responses_(loop),
      call_(*this, loop, method, parent),
      service_(service) {
  call_.set_requests(requests_.reader());
  call_.set_responses(responses_.writer());
  call_.set_on_response_metadata(&StreamingCall::on_response_metadata);
  apply(options, call_);
  if (chooses_codec(options, service)) [[unlikely]]
    choose_codec(options, service, call_);
}

StreamingCall::Handle StreamingCall::start(Context* parent, Service& service,
                                           const MethodDescriptor& method,
                                           const google::protobuf::MessageLite* request,
                                           const CallOptions& options) {
  net::Loop* loop = net::Loop::current();
  if (loop == nullptr) {
    // There is no loop to fail on later, and a stream has no way to say so now.
    fatal("the streaming call " + std::string(method.path) +
          " was opened on a thread that runs no loop");
  }
  Handle handle(new StreamingCall(*loop, parent, service, method, options));
  handle->run(request);
  return handle;
}

void StreamingCall::run(const google::protobuf::MessageLite* request) {
  if (!call_.context().add_hook(*this)) {
    requests_.close();
    responses_.close();
  } else if (request != nullptr) {
    // The caller's message need not outlive the opening, so it is encoded now.
    Result<Message> message = encoded(*request);
    if (message.ok()) {
      call_.set_requests(single_request_.emplace(message->owned()));
    } else {
      status_ = std::move(message).status();
      call_.context().cancel(status_);
      done_ = true;
      return;
    }
  }
  task_ = service_.serve(call_).in(call_.context());
  task_.start(&call_.context(),
              {[](void* self) noexcept { static_cast<StreamingCall*>(self)->on_done(); }, this});
}

Result<Message> StreamingCall::encoded(const google::protobuf::MessageLite& request) {
  const Codec* const codec = call_.codec();
  return codec == nullptr ? codec::message_of(request) : encode(*codec, request);
}

void StreamingCall::on_cancelled(CancelHook& hook, const Status&) noexcept {
  auto& self = static_cast<StreamingCall&>(hook);
  self.requests_.close();
  self.responses_.close();
}

void StreamingCall::on_response_metadata(Call& call) noexcept {
  StreamingCall& self = static_cast<OwnCall&>(call).self;
  self.metadata_arrived_ = true;
  self.wake(self.metadata_waiter_);
}

void StreamingCall::on_done() noexcept {
  try {
    status_ = task_.take();
  } catch (...) {
    status_ = internal_error("a middleware of this client threw an exception");
  }
  done_ = true;
  if (released_) {
    delete this;
    return;
  }
  requests_.close();
  responses_.close();
  hand_over_metadata();
  wake(metadata_waiter_);
  wake(done_waiter_);
}

void StreamingCall::hand_over_metadata() {
  // Copied, not moved: the stream object shows them too.
  if (options_.response_metadata != nullptr)
    *options_.response_metadata = call_.response_metadata();
  if (options_.trailers != nullptr) *options_.trailers = call_.trailers();
}

void StreamingCall::cancel(const Status& reason) noexcept {
  Executor::leave_user_code();
  if (!done_) call_.context().cancel(reason);
}

void StreamingCall::release() noexcept {
  Executor::leave_user_code();
  if (requests_.waits_to_write() || responses_.waits_to_read() || done_waiter_ != nullptr ||
      metadata_waiter_ != nullptr) [[unlikely]] {
    still_waited_for(call_.path());
  }
  if (done_) {
    delete this;
    return;
  }
  released_ = true;
  options_.response_metadata = options_.trailers = nullptr;
  call_.context().cancel(
      weft::cancelled("the stream object was destroyed before the end of its call"));
  // What remains outlives the caller, whose context may be gone before it.
  call_.context().orphan();
}

void StreamingCall::wake(Waiter*& waiter) noexcept {
  if (Waiter* woken = std::exchange(waiter, nullptr); woken != nullptr) call_.loop().ready(*woken);
}

}  // namespace weft::rpc
