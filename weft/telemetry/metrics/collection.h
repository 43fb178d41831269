#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "weft/telemetry/metrics/metric.h"
#include "weft/telemetry/metrics/series.h"

namespace weft::telemetry {

/// What a series has counted so far. Its spans are valid until the next one.
struct Point {
  /// Values in the order of the declaration's labels.
  std::span<const std::string> labels;
  /// It has no labels of its own but `otel.metric.overflow`: all sets beyond max_series.
  bool is_overflow = false;
  /// Since when it is counted; nothing for what only callbacks know.
  std::optional<std::chrono::system_clock::time_point> since{};
  double value = 0;  ///< of all but a histogram
  /// Of a histogram: counts by bucket, not added up, and the sum of the values.
  std::span<const std::uint64_t> buckets{};
  double sum = 0;
  std::span<const Exemplar> exemplars{};
};

/// Reads a metric series by series, in constant memory, while others record, and add and remove
/// series: no series comes twice.
class Collection {
 public:
  /// Calls the metric's callbacks.
  explicit Collection(Metric& metric);
  Collection(const Collection&) = delete;
  Collection& operator=(const Collection&) = delete;

  /// False when there are no more.
  bool next(Point& point);

 private:
  void read(const internal::Series& series, Point& point);
  /// What a callback has said of the same labels, which is taken out.
  double observed_of(const internal::Series& series);

  Metric& metric_;
  const std::uint64_t before_;
  std::optional<Readings> readings_;  // where there are callbacks
  std::vector<bool> used_;            // of the readings
  std::size_t next_reading_ = 0;
  std::vector<internal::Series::Ref> some_;
  std::size_t next_ = 0;   // in some_
  std::size_t place_ = 0;  // in the metric
  bool all_ = false;
  std::vector<std::uint64_t> buckets_;
  std::vector<Exemplar> exemplars_;
};

}  // namespace weft::telemetry
