#include "bench/client/load.h"

#include <algorithm>
#include <cstdio>
#include <thread>

namespace bench {
namespace {

std::int64_t ticks(TimePoint when) { return when.time_since_epoch().count(); }

/// 0 where a client has closed its connections before the measurement ended.
unsigned long long grown(std::uint64_t before, std::uint64_t after) {
  return after > before ? after - before : 0;
}

void pause_for(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

void print_latency(const char* name, const Histogram& histogram) {
  std::printf("\"%s\": {\"count\": %llu, \"mean\": %.3f, \"max\": %.3f", name,
              static_cast<unsigned long long>(histogram.count()), histogram.mean() / 1000,
              static_cast<double>(histogram.max()) / 1000);
  constexpr double kShares[] = {0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999};
  for (const double share : kShares) {
    std::printf(", \"p%g\": %.3f", share * 100, histogram.percentile(share) / 1000);
  }
  std::printf("}");
}

}  // namespace

Tally& Load::mine() {
  thread_local Tally* tally = nullptr;  // a program has one Load
  if (tally == nullptr) {
    const std::lock_guard lock(mutex_);
    tally = tallies_.emplace_back(std::make_unique<Tally>()).get();
  }
  return *tally;
}

bool Load::counts(TimePoint begun) const noexcept {
  if (plan_.rate == 0) return measuring_.load(std::memory_order_relaxed);
  return ticks(begun) >= from_.load(std::memory_order_relaxed) &&
         ticks(begun) < until_.load(std::memory_order_relaxed);
}

TimePoint Load::done(TimePoint begun, Outcome outcome, bool slow) {
  const TimePoint now = Clock::now();
  if (outcome == Outcome::Ok && measuring_.load(std::memory_order_relaxed)) ++mine().answered;
  if (!counts(begun)) return now;
  Tally& tally = mine();
  ++tally.outcomes[static_cast<std::size_t>(outcome)];
  if (outcome == Outcome::Ok) (slow ? tally.slow : tally.usual).add((now - begun).count());
  return now;
}

void Load::starts(TimePoint due) {
  if (counts(due)) {
    Tally& tally = mine();
    tally.worst_start = std::max(tally.worst_start, (Clock::now() - due).count());
  }
}

void Load::begin() {
  before_ = Counters::now(plan_.server_pid, plan_.port());
  from_ = ticks(Clock::now());
  measuring_ = true;
}

void Load::end() {
  measuring_ = false;
  until_ = ticks(Clock::now());
  after_ = Counters::now(plan_.server_pid, plan_.port());
}

void Load::conduct() {
  if (plan_.calls != 0) return begin();
  pause_for(plan_.warm_up);
  begin();
  pause_for(plan_.seconds);
  end();
  stopping_ = true;
}

int Load::finish() {
  if (plan_.calls != 0) end();
  Tally all;
  for (const auto& tally : tallies_) {
    all.usual.add(tally->usual);
    all.slow.add(tally->slow);
    all.worst_start = std::max(all.worst_start, tally->worst_start);
    all.answered += tally->answered;
    for (std::size_t i = 0; i < 4; ++i) all.outcomes[i] += tally->outcomes[i];
  }
  const auto count = [&](Outcome outcome) {
    return static_cast<unsigned long long>(all.outcomes[static_cast<std::size_t>(outcome)]);
  };
  std::printf("{\"calls\": %llu, \"refused\": %llu, \"late\": %llu, \"failed\": %llu, ",
              count(Outcome::Ok), count(Outcome::Refused), count(Outcome::Late),
              count(Outcome::Failed));
  std::printf("\"answered\": %llu, ", static_cast<unsigned long long>(all.answered));
  std::printf("\"seconds\": %.6f, \"client_cpu\": %.6f, \"server_cpu\": %.6f, ",
              static_cast<double>(until_ - from_) * 1e-9, after_.client_cpu - before_.client_cpu,
              after_.server_cpu - before_.server_cpu);
  std::printf("\"bytes_sent\": %llu, \"bytes_received\": %llu, \"worst_start\": %.3f, ",
              grown(before_.bytes_sent, after_.bytes_sent),
              grown(before_.bytes_received, after_.bytes_received),
              static_cast<double>(all.worst_start) / 1000);
  print_latency("latency", all.usual);
  std::printf(", ");
  print_latency("slow", all.slow);
  std::printf("}\n");
  return count(Outcome::Failed) == 0 ? 0 : 1;
}

Pace::Pace(const Plan& plan, std::size_t share, std::size_t shares)
    : interval_(static_cast<std::int64_t>(1e9 * static_cast<double>(shares) / plan.rate)),
      due_(Clock::now() +
           interval_ * static_cast<std::int64_t>(share) / static_cast<std::int64_t>(shares)),
      slow_every_(plan.slow_every),
      random_(static_cast<std::uint32_t>(plan.seed + share)) {}

bool Pace::take() noexcept {
  due_ += interval_;
  return slow_every_ != 0 && random_() % slow_every_ == 0;
}

}  // namespace bench
