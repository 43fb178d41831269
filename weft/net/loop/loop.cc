#include "weft/net/loop/loop.h"

#include <atomic>
#include <utility>

#include "weft/net/loop/internal/hold_watch.h"
#include "weft/net/loop/wait.h"

namespace weft::net {
namespace {

// As many coroutines run at most before what they have produced is written. A peer with hundreds of
// calls under way so works on the first answers while the last are made, instead of both sides
// taking turns; and a write costs each of so many little.
constexpr int kItemsPerWrite = 32;

struct PostedFunction final : PostedWork {
  explicit PostedFunction(UniqueFunction<void()> body) : function(std::move(body)) {}
  void work() noexcept override { function(); }
  UniqueFunction<void()> function;
};

}  // namespace

void PostedWork::call(Runnable& item) noexcept {
  const std::unique_ptr<PostedWork> self(&static_cast<PostedWork&>(item));
  self->work();
}

bool LoopAnchor::post(Runnable& item) noexcept {
  if (is_parents()) [[unlikely]]
    return false;
  const std::lock_guard lock(mutex_);
  if (loop_ == nullptr) return false;
  loop_->post(item);
  return true;
}

bool LoopAnchor::post(UniqueFunction<void()> function) noexcept {
  if (is_parents()) [[unlikely]]
    return false;
  const std::lock_guard lock(mutex_);
  if (loop_ == nullptr) return false;
  loop_->post(std::move(function));
  return true;
}

void LoopAnchor::drop() noexcept {
  const std::lock_guard lock(mutex_);
  loop_ = nullptr;
}

Loop::Loop(std::uint64_t seed) : rng_(seed), anchor_(std::make_shared<LoopAnchor>(*this)) {}

Loop::~Loop() {
  end();
  discard_ready();
}

void Loop::discard_ready() noexcept {
  while (Runnable* item = ready_.pop()) discard(*item);
}

void Loop::report_holds() {
  // Threads may be here at once, each with a server of its own that shares this loop.
  std::atomic_ref<bool> reported(holds_reported_);
  if (!reported.exchange(true)) internal::HoldWatch::instance().add(*this);
}

std::string Loop::describe_work() const {
  const std::string_view* const path = handler_.load(std::memory_order_relaxed);
  return path != nullptr ? std::string(*path)
                         : "something other than the beginning of a handler (a coroutine after its "
                           "first co_await, a middleware, a posted function)";
}

void Loop::end() noexcept {
  if (holds_reported_) internal::HoldWatch::instance().remove(*this);
  while (LoopEndHook* hook = loop_end_.pop_front()) hook->on_loop_end();
  anchor_->drop();
}

void Loop::ready(Runnable& item) noexcept {
  leave_user_code();
  ready_.push(item);
  if (!in_turn_) request();
}

void Loop::ready_alone(Runnable& item) noexcept {
  leave_user_code();
  alone_.push(item);
  request_alone();
}

void Loop::ready_to_end(Runnable& item) noexcept {
  leave_user_code();
  ending_.push(item);
  request_alone();
}

void Loop::request_alone() noexcept {
  if (!std::exchange(next_alone_.posted, true)) post(next_alone_);
}

void Loop::run_alone() noexcept {
  RunnableQueue& queue =
      alone_.empty() || (next_alone_.ends && !ending_.empty()) ? ending_ : alone_;
  const bool ends = &queue == &ending_;
  next_alone_.ends = !ends;
  Runnable* item = queue.pop();
  // Before it runs: another thread may take the loop over.
  next_alone_.posted = !alone_.empty() || !ending_.empty();
  if (next_alone_.posted) post(next_alone_);
  while (item != nullptr) {
    item->run(*item);
    item = ends && work_ < kLongRound / 4 ? queue.pop() : nullptr;
  }
}

void Loop::post(UniqueFunction<void()> function) { post(*new PostedFunction(std::move(function))); }

void Loop::discard(Runnable& item) noexcept {
  if (item.run == &PostedWork::call) delete &static_cast<PostedWork&>(item);
}

void Loop::arm(Timer& timer, TimePoint when) {
  leave_user_code();
  timers_.arm(timer, when);
  // Within a turn the wake-up is set once, at its end: most timers are cancelled before they count.
  if (!in_turn_) rearm_if_earlier();
}

void Loop::at_turn_end(TurnEndHook& hook) noexcept {
  leave_user_code();
  if (hook.linked()) return;
  turn_end_.push_back(hook);
  if (!in_turn_) request();
}

void Loop::request() noexcept {
  if (turn_requested_) return;
  turn_requested_ = true;
  request_turn();
}

void Loop::rearm_if_earlier() noexcept {
  const TimePoint next = timers_.next();
  if (next >= armed_for_) return;
  armed_for_ = next;
  rearm(next);
}

void Loop::expire_timers(TimePoint now) noexcept {
  if (now >= armed_for_) armed_for_ = kNever;
  timers_.expire(now);
}

void Loop::finish_turn(Turn::Place place) noexcept {
  do {
    at_top_ = place == Turn::Place::AtTop;
    for (int i = 0; i < kItemsPerWrite; ++i) {
      Runnable* item = ready_.pop();
      if (item == nullptr) break;
      // Also where a thread took over in the middle of an item: from odd to the next odd number.
      items_.store((items_.load(std::memory_order_relaxed) + 1) | 1, std::memory_order_relaxed);
      item->run(*item);
      items_.store((items_.load(std::memory_order_relaxed) | 1) + 1, std::memory_order_relaxed);
    }
    at_top_ = false;
    if (TurnEndHook* hook = turn_end_.pop_front(); hook != nullptr) hook->on_turn_end();
  } while (!ready_.empty() || !turn_end_.empty());
  rearm_if_earlier();
  in_turn_ = false;
}

Loop::Turn::Turn(Loop& loop, Place place) noexcept : loop_(loop), place_(place) {
  leave_user_code();
  outer_ = std::exchange(current_, &loop);
  nested_ = std::exchange(loop.in_turn_, true);
  if (!nested_) loop.turn_requested_ = false;
}

Loop::Turn::~Turn() {
  if (!nested_) loop_.finish_turn(place_);
  current_ = outer_;
}

Task<Status> sleep_until(TimePoint when) {
  Loop* loop = Loop::current();
  if (loop == nullptr) co_return failed_precondition("sleep: this thread runs no loop");
  Wait wait(*loop, when);
  co_return co_await wait;
}

Task<Status> sleep(Duration duration) {
  Loop* loop = Loop::current();
  if (loop == nullptr) co_return failed_precondition("sleep: this thread runs no loop");
  Wait wait(*loop, after(loop->now(), duration));
  co_return co_await wait;
}

Task<Result<std::vector<Address>>> Loop::resolve(std::string host, std::uint16_t port) {
  DnsQuestion question(std::move(host));
  question.port = port;
  Result<DnsAnswer> answer = co_await look_up(std::move(question));
  if (!answer) co_return std::move(answer).status();
  co_return std::move(answer->addresses);
}

}  // namespace weft::net
