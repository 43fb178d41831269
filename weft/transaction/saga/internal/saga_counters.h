#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "weft/base/time.h"
#include "weft/transaction/saga/saga_stats.h"

namespace weft::transaction::internal {

/// Counts up on the loop of the sagas; read by any thread.
class SagaCounter {
 public:
  void add(std::uint64_t count = 1) noexcept { value_.fetch_add(count, std::memory_order_relaxed); }
  void subtract_one() noexcept { value_.fetch_sub(1, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

/// The SagaStats of one name while they are counted.
struct SagaCounters {
  SagaCounter started, taken_over, done, undone, stuck, lost, running;
  SagaCounter steps_done, steps_failed, steps_undone, steps_retried, undos_retried;
  SagaCounter nanoseconds;

  SagaStats stats(std::string name) const {
    SagaStats stats;
    stats.name = std::move(name);
    stats.started = started.value();
    stats.taken_over = taken_over.value();
    stats.done = done.value();
    stats.undone = undone.value();
    stats.stuck = stuck.value();
    stats.lost = lost.value();
    stats.running = running.value();
    stats.steps_done = steps_done.value();
    stats.steps_failed = steps_failed.value();
    stats.steps_undone = steps_undone.value();
    stats.steps_retried = steps_retried.value();
    stats.undos_retried = undos_retried.value();
    stats.time = Duration(nanoseconds.value());
    return stats;
  }
};

}  // namespace weft::transaction::internal
