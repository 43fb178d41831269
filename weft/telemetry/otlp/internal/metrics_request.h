#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "weft/base/bytes.h"
#include "weft/codec/schema/wire.h"
#include "weft/telemetry/metrics/collection.h"
#include "weft/telemetry/metrics/metric.h"

namespace weft::telemetry::internal {

/// An ExportMetricsServiceRequest (opentelemetry/proto/collector/metrics/v1), made point by point.
/// Sums and histograms are cumulative.
class MetricsRequest {
 public:
  /// `resource`: of encode_resource(). `now`: the time of the points.
  MetricsRequest(const std::string& resource, std::chrono::system_clock::time_point now)
      : resource_(resource), now_(now) {}
  /// What time it is for the metrics from here on.
  void set_time(std::chrono::system_clock::time_point now) noexcept { now_ = now; }

  /// Points are those of `metric` from here on. A metric without points leaves nothing.
  void begin(const Metric& metric);
  void add(const Point& point);
  std::size_t points() const noexcept { return count_; }
  /// Bytes of finish(), about.
  std::size_t size() const noexcept { return metrics_.size() + resource_.size(); }
  /// The whole request. Afterwards it is empty, and begin() comes next.
  Bytes finish();

 private:
  void write_head();
  void end();
  void write_number(const Point& point);
  void write_histogram(const Point& point);
  void write_labels(std::uint32_t field, const Point& point);
  void write_times(const Point& point);
  void write_exemplars(std::uint32_t field, const Point& point);

  const std::string& resource_;
  std::chrono::system_clock::time_point now_;
  codec::OutputBytes metrics_;
  std::size_t count_ = 0;
  const Metric* metric_ = nullptr;
  // Where the lengths of the metric and of its data are, while points are written to it.
  struct Open {
    std::size_t metric;
    std::size_t data;
  };
  std::optional<Open> open_;
};

}  // namespace weft::telemetry::internal
