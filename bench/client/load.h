#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <vector>

#include "bench/client/counters.h"
#include "bench/client/histogram.h"
#include "bench/client/plan.h"

namespace bench {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

/// How a call ended.
enum class Outcome : std::uint8_t {
  Ok,
  Refused,  // the server said that it has too much to do
  Late,     // the deadline passed
  Failed
};

/// What one thread has seen.
struct Tally {
  Histogram usual;
  Histogram slow;
  std::uint64_t outcomes[4] = {};
  std::uint64_t answered = 0;    // Ok and in the measured time, whenever it was due
  std::int64_t worst_start = 0;  // nanoseconds that a call began after it was due
};

/// A run: when load is made, what of it is measured, and the result. Client programs ask running()
/// before a call, tell done() after it, and let conduct() keep the time meanwhile; all but
/// conduct() from any thread.
///
/// In a closed loop what ends in the measured time counts; in an open loop what became due in it
/// does, and its latency is counted from then, so that a server that stalls is charged for the
/// calls that had to wait.
class Load {
 public:
  explicit Load(const Plan& plan) : plan_(plan) {}
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  const Plan& plan() const noexcept { return plan_; }

  /// Whether to begin another call.
  bool running() noexcept {
    if (plan_.calls == 0) return !stopping_.load(std::memory_order_relaxed);
    return begun_.fetch_add(1, std::memory_order_relaxed) < plan_.calls;
  }
  /// A call that has ended. `begun`: in an open loop when it was due. Returns the time it is now,
  /// which a closed loop takes as the beginning of its next call.
  TimePoint done(TimePoint begun, Outcome outcome = Outcome::Ok, bool slow = false);
  /// An open loop's call that begins now.
  void starts(TimePoint due);

  /// Lets the warm-up and the measured time pass and sets running() to false; with a number of
  /// calls it only notes where the measurement begins, and finish() ends it.
  void conduct();
  /// Once no call is under way: prints the result as a line of JSON. The program's exit status.
  int finish();

 private:
  bool counts(TimePoint begun) const noexcept;
  Tally& mine();
  void begin();
  void end();

  const Plan plan_;
  std::atomic<bool> measuring_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::int64_t> from_{INT64_MAX};  // the measured time, on Clock
  std::atomic<std::int64_t> until_{INT64_MAX};
  Counters before_;
  Counters after_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Tally>> tallies_;
};

/// When the calls of an open loop are due, and which of them are slow. For one thread.
class Pace {
 public:
  /// One of `shares` that make the plan's rate together.
  Pace(const Plan& plan, std::size_t share, std::size_t shares);
  /// When the next call is due.
  TimePoint due() const noexcept { return due_; }
  /// Goes on to the call after it, and says whether the one that was due is slow.
  bool take() noexcept;

 private:
  std::chrono::nanoseconds interval_;
  TimePoint due_;
  std::uint32_t slow_every_;
  std::minstd_rand random_;
};

}  // namespace bench
