#include "tests/interop/observed_messages.h"

namespace weft::interop {
namespace {

class ObservedResponses final : public MessageWriter {
 public:
  ObservedResponses(MessageWriter& inner, ResponseCompression& log) noexcept
      : inner_(inner), log_(log) {}
  Poll offer(const Message& message) override {
    // Noted first: a reader that waits for the message runs within offer().
    log_.push_back(message.arrived_compressed());
    const Poll outcome = inner_.offer(message);
    if (outcome != Poll::Accepted) log_.pop_back();
    return outcome;
  }
  void wait(Waiter& waiter) noexcept override { inner_.wait(waiter); }
  bool unwait() noexcept override { return inner_.unwait(); }

 private:
  MessageWriter& inner_;
  ResponseCompression& log_;
};

}  // namespace

MessageReader::Poll ObservedRequests::poll(Message& out) {
  const Poll outcome = inner_.poll(out);
  if (outcome == Poll::Message) last_was_compressed_ = out.arrived_compressed();
  return outcome;
}

Task<Status> observe_requests(Call& call, Next next) {
  MessageReader& inner = call.requests();
  ObservedRequests observed(inner);
  call.set_requests(observed);
  Status status = co_await next(call);
  call.set_requests(inner);
  co_return status;
}

Task<Status> observe_responses(Call& call, Next next, ResponseCompression& log) {
  MessageWriter& inner = call.responses();
  ObservedResponses observed(inner, log);
  log.clear();
  call.set_responses(observed);
  Status status = co_await next(call);
  call.set_responses(inner);
  co_return status;
}

}  // namespace weft::interop
