#include "tests/fleet/timeline.h"

#include <algorithm>

namespace weft::fleet {
namespace {

double milliseconds(Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double quantile_of(std::vector<Duration> times, double share) {
  if (times.empty()) return 0;
  const auto place = static_cast<std::size_t>(share * static_cast<double>(times.size() - 1));
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(place), times.end());
  return milliseconds(times[place]);
}

}  // namespace

Timeline::Bucket& Timeline::at(TimePoint when) {
  const auto second = static_cast<std::size_t>((when - begin_) / std::chrono::seconds(1));
  if (second >= buckets_.size()) buckets_.resize(second + 1);
  return buckets_[second];
}

void Timeline::begun(TimePoint when) {
  at(when);
  ++calls_;
  ++open_;
}

void Timeline::ended(TimePoint begun, TimePoint when, const Status& status) {
  --open_;
  Bucket& bucket = at(begun);
  if (status.ok()) {
    ++succeeded_;
    bucket.times.push_back(when - begun);
    return;
  }
  ++bucket.failed;
  ++failures_[status.code()];
  if (example_.empty()) example_ = status.to_string();
}

std::size_t Timeline::failed(std::size_t from, std::size_t to) const {
  std::size_t sum = 0;
  for (std::size_t i = from; i < std::min(to, buckets_.size()); ++i) sum += buckets_[i].failed;
  return sum;
}

std::size_t Timeline::good(std::size_t from, std::size_t to, Duration limit) const {
  std::ptrdiff_t sum = 0;
  for (std::size_t i = from; i < std::min(to, buckets_.size()); ++i) {
    const std::vector<Duration>& times = buckets_[i].times;
    sum += std::count_if(times.begin(), times.end(), [&](Duration it) { return it <= limit; });
  }
  return static_cast<std::size_t>(sum);
}

double Timeline::quantile(double share, std::size_t from, std::size_t to) const {
  std::vector<Duration> times;
  for (std::size_t i = from; i < std::min(to, buckets_.size()); ++i) {
    times.insert(times.end(), buckets_[i].times.begin(), buckets_[i].times.end());
  }
  return quantile_of(std::move(times), share);
}

std::vector<double> Timeline::quantile_by_second(double share) const {
  std::vector<double> values;
  for (const Bucket& bucket : buckets_) values.push_back(quantile_of(bucket.times, share));
  return values;
}

std::vector<double> Timeline::good_by_second(Duration limit) const {
  std::vector<double> values;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    values.push_back(static_cast<double>(good(i, i + 1, limit)));
  }
  return values;
}

}  // namespace weft::fleet
