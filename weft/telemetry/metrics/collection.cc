#include "weft/telemetry/metrics/collection.h"

#include <utility>

namespace weft::telemetry {

using internal::Series;

Collection::Collection(Metric& metric) : metric_(metric), before_(metric.next_number()) {
  Readings readings = metric.read();
  if (readings.all().empty()) return;
  used_.resize(readings.all().size());
  readings_.emplace(std::move(readings));
}

bool Collection::next(Point& point) {
  while (next_ == some_.size() && !all_) {
    some_.clear();
    next_ = 0;
    place_ = metric_.copy_series(place_, before_, some_);
    all_ = place_ == 0;
  }
  if (next_ < some_.size()) {
    read(*some_[next_++], point);
    return true;
  }
  if (!readings_) return false;
  while (next_reading_ < used_.size() && used_[next_reading_]) ++next_reading_;
  if (next_reading_ == used_.size()) return false;
  const Readings::One& one = readings_->all()[next_reading_++];
  point = {.labels = one.labels, .value = one.value};
  return true;
}

void Collection::read(const Series& series, Point& point) {
  point = {
      .labels = series.labels(), .is_overflow = series.is_overflow(), .since = series.made_at()};
  exemplars_ = series.exemplars();
  point.exemplars = exemplars_;
  switch (series.shape().kind) {
    case MetricKind::Histogram:
      buckets_.resize(series.shape().bounds->buckets());
      point.sum = series.buckets(buckets_);
      point.buckets = buckets_;
      return;
    case MetricKind::Gauge:
      point.value = series.value();
      break;
    case MetricKind::Counter:
      point.value = static_cast<double>(series.total());
      break;
    case MetricKind::UpDownCounter:
      point.value = static_cast<double>(static_cast<std::int64_t>(series.total()));
      break;
  }
  if (readings_ && !series.is_overflow()) point.value += observed_of(series);
}

double Collection::observed_of(const Series& series) {
  const std::size_t found = readings_->find(series.labels());
  if (found == Readings::kNone) return 0;
  used_[found] = true;
  return readings_->all()[found].value;
}

}  // namespace weft::telemetry
