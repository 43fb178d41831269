#include "weft/net/loop/timer.h"

#include <algorithm>
#include <cassert>

namespace weft::net {
namespace {

constexpr std::size_t kArity = 4;

}  // namespace

void Timer::cancel() noexcept {
  if (queue_ != nullptr) queue_->cancel(*this);
}

TimePoint Timer::when() const noexcept {
  return queue_ == nullptr ? kNever : queue_->heap_[index_].when;
}

TimerQueue::~TimerQueue() {
  for (const Entry& entry : heap_) entry.timer->queue_ = nullptr;
}

void TimerQueue::arm(Timer& timer, TimePoint when) {
  timer.cancel();
  // Inside expire() a new timer sorts behind everything that is due in that call.
  const Entry entry{.when = std::max(when, floor_), .sequence = sequence_++, .timer = &timer};
  heap_.push_back(entry);
  timer.queue_ = this;
  sift_up(heap_.size() - 1, entry);
}

void TimerQueue::cancel(Timer& timer) noexcept {
  assert(timer.queue_ == this);
  const std::size_t index = timer.index_;
  timer.queue_ = nullptr;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (last.timer == &timer) return;
  if (index > 0 && before(last, heap_[(index - 1) / kArity])) {
    sift_up(index, last);
  } else {
    sift_down(index, last);
  }
}

TimePoint TimerQueue::next() const noexcept { return heap_.empty() ? kNever : heap_.front().when; }

void TimerQueue::expire(TimePoint now) noexcept {
  floor_ = now + Duration(1);
  while (!heap_.empty() && heap_.front().when <= now) {
    Timer& timer = *heap_.front().timer;
    cancel(timer);
    timer.expired_(timer);
  }
  floor_ = TimePoint::min();
}

std::size_t TimerQueue::size() const noexcept { return heap_.size(); }

bool TimerQueue::before(const Entry& a, const Entry& b) noexcept {
  return a.when != b.when ? a.when < b.when : a.sequence < b.sequence;
}

void TimerQueue::place(std::size_t index, Entry entry) noexcept {
  heap_[index] = entry;
  entry.timer->index_ = static_cast<std::uint32_t>(index);
}

void TimerQueue::sift_up(std::size_t index, Entry entry) noexcept {
  while (index > 0) {
    const std::size_t parent = (index - 1) / kArity;
    if (!before(entry, heap_[parent])) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, entry);
}

void TimerQueue::sift_down(std::size_t index, Entry entry) noexcept {
  while (true) {
    const std::size_t first = index * kArity + 1;
    if (first >= heap_.size()) break;
    const std::size_t end = std::min(first + kArity, heap_.size());
    std::size_t least = first;
    for (std::size_t child = first + 1; child < end; ++child) {
      if (before(heap_[child], heap_[least])) least = child;
    }
    if (!before(heap_[least], entry)) break;
    place(index, heap_[least]);
    index = least;
  }
  place(index, entry);
}

}  // namespace weft::net
