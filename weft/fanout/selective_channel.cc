#include "weft/fanout/selective_channel.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "weft/rpc/client/attempt.h"

namespace weft {

/// Counts a call of a part.
class SelectiveChannel::InFlight {
 public:
  explicit InFlight(Part& part) noexcept : part_(part) {
    part_.calls.fetch_add(1, std::memory_order_relaxed);
  }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() { part_.calls.fetch_sub(1, std::memory_order_relaxed); }

 private:
  Part& part_;
};

SelectiveChannel::SelectiveChannel(std::vector<Service*> parts, SelectiveOptions options)
    : options_(options), size_(parts.size()), parts_(std::make_unique<Part[]>(size_)) {
  for (std::size_t i = 0; i < size_; ++i) parts_[i].service = parts[i];
}

Task<Status> SelectiveChannel::serve(Call& call) {
  if (size_ == 0) return failed_precondition("SelectiveChannel: there are no parts");
  if (options_.avoid_for < Duration::zero()) {
    return failed_precondition("SelectiveOptions::avoid_for: " + to_string(options_.avoid_for) +
                               ": must not be negative");
  }
  return run(call);
}

/// The parts in the order in which a call that begins now tries them.
std::vector<std::size_t> SelectiveChannel::order(TimePoint now) {
  std::vector<std::size_t> order(size_);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (options_.order != SelectiveOptions::Order::Given) {
    const std::size_t turn = turn_.fetch_add(1, std::memory_order_relaxed) % size_;
    std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(turn), order.end());
  }
  if (options_.order == SelectiveOptions::Order::LeastCalls) {
    // Read once: what other threads change must not change under the sort.
    std::vector<std::int64_t> calls(size_);
    for (std::size_t i = 0; i < size_; ++i) {
      calls[i] = parts_[i].calls.load(std::memory_order_relaxed);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return calls[a] < calls[b]; });
  }
  std::vector<bool> avoided(size_);
  for (std::size_t i = 0; i < size_; ++i) {
    avoided[i] = parts_[i].avoid_until.load(std::memory_order_relaxed) > now;
  }
  std::stable_partition(order.begin(), order.end(), [&](std::size_t i) { return !avoided[i]; });
  return order;
}

Task<Status> SelectiveChannel::run(Call& call) {
  const std::vector<std::size_t> order = this->order(call.loop().now());
  const std::size_t most =
      options_.max_attempts == 0 ? size_ : std::min(options_.max_attempts, size_);
  rpc::Attempts attempts(call, options_.buffer_limit, rpc::Attempts::CommitAt::ResponseMetadata);
  for (std::size_t tried = 0;; ++tried) {
    Part& part = parts_[order[tried]];
    const InFlight counted(part);
    // Not a repetition to the part, so not numbered as one.
    rpc::Attempt attempt(attempts, 0);
    Status status = co_await part.service->serve(attempt.call()).in(attempt.call().context());
    const bool cancelled = call.context().is_cancelled();
    const bool failed = !cancelled && options_.failover.contains(status.code());
    if (failed) {
      const TimePoint until = after(call.loop().now(), options_.avoid_for);
      part.avoid_until.store(until, std::memory_order_relaxed);
    }
    if (!failed || attempts.adopted() != nullptr || tried + 1 == most) {
      co_return co_await attempt.finish(std::move(status));
    }
  }
}

}  // namespace weft
