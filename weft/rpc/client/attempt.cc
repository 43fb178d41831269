#include "weft/rpc/client/attempt.h"

#include <string>
#include <utility>

namespace weft::rpc {

// A server that answers a unary call with two messages breaks a rule that the caller's end checks;
// what comes after the second adds nothing to that.
constexpr std::size_t kMostHeld = 2;

bool Attempts::holds_single_response() const noexcept {
  const MethodDescriptor* method = call_.method();
  return commit_at_ == CommitAt::Response && method != nullptr && !streams_responses(method->kind);
}

/// False where another attempt was adopted before.
bool Attempts::adopt(Attempt& attempt) noexcept {
  if (adopted_ != nullptr) return adopted_ == &attempt;
  adopted_ = &attempt;
  attempt.Timer::cancel();
  replay_.choose(attempt.requests_);
  call_.set_peer(attempt.call_.share_peer());
  if (attempt.answered_ != kNever) attempt.give_metadata();
  if (on_adopted_ != nullptr) on_adopted_(on_adopted_argument_);
  return true;
}

void Attempts::on_overflow(void* self, RequestReplay::Reader& reader, std::size_t kept) noexcept {
  auto& attempts = *static_cast<Attempts*>(self);
  attempts.overflowed_at_ = kept;
  attempts.adopt(*static_cast<Attempt*>(reader.owner()));
}

Attempt::Attempt(Attempts& attempts, std::uint32_t previous)
    : Timer(&Attempt::on_timeout),
      CancelHook(&Attempt::on_cancelled),
      attempts_(attempts),
      requests_(attempts.replay_, this),
      call_(*this, attempts.call_),
      begun_(attempts.call_.loop().now()) {
  call_.take_request_of(attempts.call_);
  call_.set_previous_attempts(previous);
  // Where this call is itself an attempt, what it leaves out is what all of them have been to.
  cluster::Tried* tried = attempts.call_.tried();
  call_.set_tried(tried != nullptr ? tried : &attempts.tried_);
  call_.set_requests(requests_);
  call_.set_responses(*this);
  call_.set_on_response_metadata(&Attempt::on_response_metadata);
  if (!call_.context().add_hook(*this)) requests_.close();
}

void Attempt::limit_until_adopted(Duration limit, const char* option) {
  if (limit == kForever || adopted()) return;
  limit_ = limit;
  limited_by_ = option;
  call_.loop().arm(*this, after(begun_, limit));
}

void Attempt::on_timeout(net::Timer& timer) noexcept {
  auto& self = static_cast<Attempt&>(timer);
  self.timed_out_ = true;
  self.call_.context().cancel(deadline_exceeded("no response to this attempt after " +
                                                to_string(self.limit_) + " (" + self.limited_by_ +
                                                ")"));
}

/// The attempt is over, also where the call is not: whoever serves it must not wait for the call's
/// ends.
void Attempt::on_cancelled(CancelHook& hook, const Status&) noexcept {
  auto& self = static_cast<Attempt&>(hook);
  self.requests_.close();
  Waiter* waiter = self.blocked_;
  if (self.unwait()) self.call_.loop().ready(*waiter);
}

void Attempt::on_response_metadata(Call& call) noexcept {
  Attempt& self = static_cast<OwnCall&>(call).self;
  self.answered_ = call.loop().now();
  if (self.adopted()) return self.give_metadata();
  if (self.attempts_.commit_at_ == Attempts::CommitAt::ResponseMetadata) self.attempts_.adopt(self);
}

/// Makes the response's metadata the call's, now that it has arrived.
void Attempt::give_metadata() noexcept {
  Call& call = attempts_.call_;
  call.response_metadata() = std::move(call_.response_metadata());
  call.announce_response_metadata();
}

MessageWriter::Poll Attempt::offer(const Message& message) {
  if (call_.context().is_cancelled()) return Poll::Closed;
  if (!adopted()) {
    if (attempts_.adopted_ != nullptr) return Poll::Closed;
    if (answered_ == kNever) answered_ = call_.loop().now();
  }
  const bool hold = !adopted() && attempts_.holds_single_response();
  if (hold || !held_.empty()) {
    if (held_.size() < kMostHeld) held_.push_back(message.owned());
    return Poll::Accepted;
  }
  attempts_.adopt(*this);
  return attempts_.call_.responses().offer(message);
}

void Attempt::wait(Waiter& waiter) noexcept {
  if (!adopted() || call_.context().is_cancelled()) return call_.loop().ready(waiter);
  blocked_ = &waiter;
  attempts_.call_.responses().wait(waiter);
}

bool Attempt::unwait() noexcept {
  return std::exchange(blocked_, nullptr) != nullptr && attempts_.call_.responses().unwait();
}

Task<Status> Attempt::finish(Status status) {
  if (!attempts_.adopt(*this)) return status;
  attempts_.call_.trailers() = std::move(call_.trailers());
  if (held_.empty()) return status;
  return deliver(std::move(status));
}

Task<Status> Attempt::deliver(Status status) {
  Call& call = attempts_.call_;
  for (const Message& message : held_) {
    if (co_await call.responses().write(message)) continue;
    // An OK does not stand when what it came with did not arrive.
    if (!status.ok()) break;
    status = call.context().is_cancelled() ? Status(call.context().cancel_reason())
                                           : weft::cancelled("the caller takes no more responses");
    break;
  }
  co_return status;
}

}  // namespace weft::rpc
