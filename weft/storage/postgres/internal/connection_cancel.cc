#include <algorithm>
#include <utility>

#include "weft/storage/postgres/internal/connection.h"

// How a statement that nobody waits for any more is cancelled.

namespace weft::postgres {

void Connection::abandon(const JobPtr& job) {
  job->abandoned = true;
  if (const auto held = std::find(held_.begin(), held_.end(), job); held != held_.end()) {
    held_.erase(held);
    job->end(cancelled("not sent"));
    return;
  }
  if (!sent_.empty() && sent_.front().job == job) cancel_head();
}

void Connection::cancel_head() {
  if (cancelling_ || broken_) return;
  cancelling_ = true;
  loop_.arm(*this, after(loop_.now(), options_.cancel_timeout));
  // In a turn of its own: a coroutine does not begin where results are read.
  loop_.post([weak = weak_from_this()] {
    if (const std::shared_ptr<Connection> self = weak.lock()) self->start_canceller();
  });
}

void Connection::start_canceller() {
  if (broken_) return;
  if (head_is_abandoned()) cancel_for_ = sent_.front().job;
  // Without a key it ends by itself, or with the connection when its time is over.
  if (cancel_for_ == nullptr || !connected_.cancel_key.has_value()) return cancel_ended();
  cancel_sent_ = true;
  canceller_.emplace(request_cancel(connected_.address, *connected_.cancel_key));
  canceller_->start(
      nullptr,
      {.function = [](void* self) noexcept { static_cast<Connection*>(self)->cancel_ended(); },
       .argument = this});
}

void Connection::cancel_ended() noexcept {
  const std::shared_ptr<Connection> self = shared_from_this();
  canceller_.reset();
  cancelling_ = false;
  const JobPtr meant = std::exchange(cancel_for_, nullptr);
  // One whose turn came meanwhile, and that nobody waits for either.
  if (head_is_abandoned() && sent_.front().job != meant) return cancel_head();
  if (!head_is_abandoned()) Timer::cancel();
  if (sent_.empty()) cancel_sent_ = false;
  for (std::deque<JobPtr> held = std::exchange(held_, {}); !held.empty(); held.pop_front()) {
    send(std::move(held.front()));
  }
  if (!broken_) owner_.on_room(*this);
}

void Connection::cancel_timed_out(net::Timer& timer) noexcept {
  auto& self = static_cast<Connection&>(timer);
  self.break_off("the server has not ended a cancelled statement within " +
                 to_string(self.options_.cancel_timeout));
}

}  // namespace weft::postgres
