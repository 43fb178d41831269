#include "weft/middleware/attempts/retry_budget.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>

namespace weft {
namespace {

constexpr std::size_t kCacheLine = 64;
// So that the number of a span has room in 32 bits for a year.
constexpr Duration kShortestSpan = std::chrono::milliseconds(10);

/// Counts what happened in the last `kSlots` spans of time; exact also when several threads count.
class WindowCounter {
 public:
  static constexpr std::uint32_t kSlots = 10;

  /// `now` in spans.
  void add(std::uint32_t now) noexcept {
    std::atomic<std::uint64_t>& slot = slots_[now % kSlots];
    std::uint64_t seen = slot.load(std::memory_order_relaxed);
    for (;;) {
      // A thread that is late by a whole window counts where it is.
      const bool current = epoch(seen) >= now;
      const std::uint64_t wanted = current ? seen + 1 : (std::uint64_t{now} << 32) + 1;
      if (slot.compare_exchange_weak(seen, wanted, std::memory_order_relaxed)) return;
    }
  }
  /// Takes back an add() of the same span, if that still counts.
  void take_back(std::uint32_t now) noexcept {
    std::atomic<std::uint64_t>& slot = slots_[now % kSlots];
    std::uint64_t seen = slot.load(std::memory_order_relaxed);
    while (epoch(seen) == now && (seen & kCountMask) != 0) {
      if (slot.compare_exchange_weak(seen, seen - 1, std::memory_order_relaxed)) return;
    }
  }
  std::uint64_t sum(std::uint32_t now) const noexcept {
    std::uint64_t sum = 0;
    for (const std::atomic<std::uint64_t>& slot : slots_) {
      const std::uint64_t seen = slot.load(std::memory_order_relaxed);
      if (epoch(seen) + kSlots > now) sum += seen & kCountMask;
    }
    return sum;
  }

 private:
  static constexpr std::uint64_t kCountMask = 0xffffffff;
  static std::uint64_t epoch(std::uint64_t word) noexcept { return word >> 32; }
  // The span counted in the upper half of each word, how many in the lower.
  std::array<std::atomic<std::uint64_t>, kSlots> slots_{};
};

class RatioBudget final : public RetryBudget {
 public:
  explicit RatioBudget(RatioBudgetOptions options) noexcept
      : ratio_(std::max(0.0, options.ratio)),
        span_(std::max<Duration>(options.window / WindowCounter::kSlots, kShortestSpan)),
        reserve_(std::max(0.0, options.min_per_second) *
                 std::chrono::duration<double>(span_ * WindowCounter::kSlots).count()) {}

  void on_call(TimePoint now) noexcept override { calls_[shard()].counter.add(spans(now)); }

  bool try_spend(TimePoint now) noexcept override {
    const std::uint32_t spans = this->spans(now);
    std::uint64_t calls = 0;
    for (const Shard& shard : calls_) calls += shard.counter.sum(spans);
    // Counted first, so that two threads cannot both take the last one.
    spent_.add(spans);
    const double allowed = ratio_ * static_cast<double>(calls) + reserve_;
    if (static_cast<double>(spent_.sum(spans)) <= allowed) return true;
    spent_.take_back(spans);
    return false;
  }
  void on_success() noexcept override {}
  void on_failure() noexcept override {}

 private:
  // Every call counts itself, so threads that have loops of their own count apart.
  static constexpr std::size_t kShards = 8;
  struct alignas(kCacheLine) Shard {
    WindowCounter counter;
  };
  static std::size_t shard() noexcept {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed);
    return mine % kShards;
  }
  // The first number is such that slots that were never used are old.
  std::uint32_t spans(TimePoint now) const noexcept {
    return static_cast<std::uint32_t>(now.time_since_epoch() / span_) + WindowCounter::kSlots;
  }

  const double ratio_;
  const Duration span_;
  const double reserve_;
  std::array<Shard, kShards> calls_;
  WindowCounter spent_;
};

class TokenBudget final : public RetryBudget {
 public:
  explicit TokenBudget(TokenBudgetOptions options) noexcept
      : most_(thousandths(std::clamp(options.max_tokens, 0.001, 1000.0))),
        returned_(thousandths(std::clamp(options.token_ratio, 0.001, 1000.0))),
        tokens_(most_) {}

  void on_call(TimePoint) noexcept override {}
  bool try_spend(TimePoint) noexcept override {
    return tokens_.load(std::memory_order_relaxed) > most_ / 2;
  }
  void on_success() noexcept override { move(returned_); }
  void on_failure() noexcept override { move(-1000); }

 private:
  static std::int64_t thousandths(double tokens) noexcept { return std::llround(tokens * 1000); }
  void move(std::int64_t by) noexcept {
    std::int64_t seen = tokens_.load(std::memory_order_relaxed);
    for (;;) {
      const std::int64_t wanted = std::clamp<std::int64_t>(seen + by, 0, most_);
      // While all is well nothing is written, and no cache line travels between threads.
      if (wanted == seen) return;
      if (tokens_.compare_exchange_weak(seen, wanted, std::memory_order_relaxed)) return;
    }
  }

  const std::int64_t most_;
  const std::int64_t returned_;
  std::atomic<std::int64_t> tokens_;
};

class UnlimitedBudget final : public RetryBudget {
 public:
  void on_call(TimePoint) noexcept override {}
  bool try_spend(TimePoint) noexcept override { return true; }
  void on_success() noexcept override {}
  void on_failure() noexcept override {}
};

}  // namespace

std::shared_ptr<RetryBudget> ratio_budget(RatioBudgetOptions options) {
  return std::make_shared<RatioBudget>(options);
}
std::shared_ptr<RetryBudget> token_budget(TokenBudgetOptions options) {
  return std::make_shared<TokenBudget>(options);
}
std::shared_ptr<RetryBudget> unlimited_budget() { return std::make_shared<UnlimitedBudget>(); }

}  // namespace weft
