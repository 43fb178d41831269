#include "tools/weft/bench/load/measurement.h"

#include <algorithm>

namespace weft::cli::bench {

void MethodStats::record_failure(Duration latency, const Status& status) {
  const auto code = static_cast<std::size_t>(status.code());
  if (codes[code]++ == 0) samples[code] = status.message();
  failed.record(latency);
}

void MethodStats::merge(const MethodStats& other) {
  ok.merge(other.ok);
  failed.merge(other.failed);
  for (std::size_t i = 0; i < kCodes; ++i) {
    if (codes[i] == 0) samples[i] = other.samples[i];
    codes[i] += other.codes[i];
  }
  bytes_sent += other.bytes_sent;
  bytes_received += other.bytes_received;
}

void Interval::merge(const Interval& other) {
  Histogram both;
  both.add(ok);
  both.add(other.ok);
  ok = both.buckets();
  errors += other.errors;
}

void TimeLine::add(Duration at, const Interval& interval) {
  while (static_cast<std::size_t>(at / interval_) >= kMost) {
    for (std::size_t i = 0; i < intervals_.size(); i += 2) {
      Interval joined = std::move(intervals_[i]);
      if (i + 1 < intervals_.size()) joined.merge(intervals_[i + 1]);
      intervals_[i / 2] = std::move(joined);
    }
    intervals_.resize((intervals_.size() + 1) / 2);
    interval_ *= 2;
  }
  const auto index = static_cast<std::size_t>(at / interval_);
  if (index >= intervals_.size()) intervals_.resize(index + 1);
  intervals_[index].merge(interval);
}

void Measurement::merge(const Measurement& other) {
  for (std::size_t i = 0; i < methods.size(); ++i) methods[i].merge(other.methods[i]);
  window = std::max(window, other.window);
  within += other.within;
  cpu += other.cpu;
  unfinished += other.unfinished;
  not_begun += other.not_begun;
  dropped += other.dropped;
  // An upper bound: they need not have been largest at the same time.
  largest_backlog += other.largest_backlog;
}

MethodStats Measurement::total() const {
  MethodStats sum;
  for (const MethodStats& each : methods) sum.merge(each);
  return sum;
}

double Measurement::rate() const noexcept {
  const double seconds = std::chrono::duration<double>(window).count();
  return seconds > 0 ? static_cast<double>(within) / seconds : 0;
}

}  // namespace weft::cli::bench
