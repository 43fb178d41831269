#include "weft/fanout/internal/part_calls.h"

#include <utility>

#include "weft/coro/frame/exception.h"

namespace weft::fanout {

PartCalls::Part::Part(PartCalls& owner, std::size_t number, Message message)
    : calls(owner),
      index(number),
      request(std::move(message)),
      call(Call::Side::Client, owner.call_.loop(), owner.call_.path(), owner.call_.method(),
           &owner.call_.context()) {
  call.take_request_of(owner.call_);
  call.set_requests(request);
  call.set_responses(response);
}

void PartCalls::add(std::size_t index, Message request) {
  parts_.push_back(std::make_unique<Part>(*this, index, std::move(request)));
}

void PartCalls::start_all(const std::vector<Service*>& services) {
  ended_.reserve(parts_.size());
  for (const std::unique_ptr<Part>& part : parts_) {
    Context& context = part->call.context();
    running_.add();
    part->task = services[part->index]->serve(part->call).in(context);
    part->task.start(&context, {.function = &PartCalls::on_ended, .argument = part.get()});
  }
}

void PartCalls::on_ended(void* argument) noexcept {
  Part& part = *static_cast<Part*>(argument);
  PartCalls& calls = part.calls;
  try {
    part.status = part.task.take();
  } catch (...) {
    part.status = coro::status_of_current_exception(calls.call_.path());
  }
  part.status = part.response.finish(std::move(part.status), part.bytes);
  part.ended = true;
  calls.ended_.push_back(&part);
  if (calls.waiting_ != nullptr) calls.waiting_->complete();
  calls.running_.subtract();
}

void PartCalls::cancel_the_rest(const Status& reason) noexcept {
  for (const std::unique_ptr<Part>& part : parts_) {
    if (!part->ended) part->call.context().cancel(reason);
  }
}

}  // namespace weft::fanout
