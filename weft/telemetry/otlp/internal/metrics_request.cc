#include "weft/telemetry/otlp/internal/metrics_request.h"

#include <cstdint>
#include <numeric>

#include "weft/telemetry/otlp/internal/otlp_values.h"
#include "weft/telemetry/otlp/internal/proto_writer.h"

// Numbers of fields: opentelemetry-proto 1.3, metrics/v1.

namespace weft::telemetry::internal {
namespace {

using Time = std::chrono::system_clock::time_point;

constexpr std::uint32_t kMetric = 2;  // of ScopeMetrics
constexpr std::uint32_t kGauge = 5;   // of Metric, as the next two
constexpr std::uint32_t kSum = 7;
constexpr std::uint32_t kHistogram = 9;
constexpr std::uint64_t kCumulative = 2;

std::uint64_t nanoseconds(Time time) noexcept {
  using std::chrono::duration_cast;
  return static_cast<std::uint64_t>(
      duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

std::uint32_t data_of(MetricKind kind) noexcept {
  switch (kind) {
    case MetricKind::Gauge:
      return kGauge;
    case MetricKind::Histogram:
      return kHistogram;
    default:
      return kSum;
  }
}

}  // namespace

void MetricsRequest::begin(const Metric& metric) {
  end();
  metric_ = &metric;
}

void MetricsRequest::write_head() {
  const Declaration& declaration = metric_->declaration();
  ProtoWriter out(metrics_);
  Open open{};
  open.metric = out.begin(kMetric);
  out.text(1, declaration.name);
  if (!declaration.description.empty()) out.text(2, declaration.description);
  if (!declaration.unit.empty()) out.text(3, declaration.unit);
  open.data = out.begin(data_of(declaration.kind));
  if (declaration.kind != MetricKind::Gauge) out.varint(2, kCumulative);
  if (declaration.kind == MetricKind::Counter) out.varint(3, 1);  // is_monotonic
  open_ = open;
}

void MetricsRequest::end() {
  if (!open_) return;
  metrics_.end_sized(open_->data);
  metrics_.end_sized(open_->metric);
  open_.reset();
}

void MetricsRequest::add(const Point& point) {
  if (!open_) write_head();
  ++count_;
  ProtoWriter(metrics_).message(1, [&] {
    if (metric_->declaration().kind == MetricKind::Histogram) {
      write_histogram(point);
    } else {
      write_number(point);
    }
  });
}

/// A NumberDataPoint.
void MetricsRequest::write_number(const Point& point) {
  write_labels(7, point);
  write_times(point);
  ProtoWriter(metrics_).number(4, point.value);
  write_exemplars(5, point);
}

/// A HistogramDataPoint.
void MetricsRequest::write_histogram(const Point& point) {
  ProtoWriter out(metrics_);
  write_labels(9, point);
  write_times(point);
  out.fixed64(4, std::accumulate(point.buckets.begin(), point.buckets.end(), std::uint64_t{0}));
  out.number(5, point.sum);
  out.packed(6, point.buckets);
  out.packed(7, metric_->declaration().bounds);
  write_exemplars(8, point);
}

void MetricsRequest::write_labels(std::uint32_t field, const Point& point) {
  ProtoWriter out(metrics_);
  if (point.is_overflow) {
    return out.message(field, [&] {
      out.text(1, "otel.metric.overflow");
      out.message(2, [&] { out.varint(2, 1); });
    });
  }
  const auto names = metric_->declaration().labels;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!point.labels[i].empty()) write_attribute(out, field, names[i], point.labels[i]);
  }
}

/// Both kinds of points have them under the same numbers. A gauge has no beginning.
void MetricsRequest::write_times(const Point& point) {
  ProtoWriter out(metrics_);
  if (point.since && metric_->declaration().kind != MetricKind::Gauge) {
    out.fixed64(2, nanoseconds(*point.since));
  }
  out.fixed64(3, nanoseconds(now_));
}

void MetricsRequest::write_exemplars(std::uint32_t field, const Point& point) {
  ProtoWriter out(metrics_);
  for (const Exemplar& one : point.exemplars) {
    out.message(field, [&] {
      out.fixed64(2, nanoseconds(Time(std::chrono::seconds(one.second))));
      out.number(3, one.value);
      out.bytes(4, view_of(one.span_id));
      out.bytes(5, view_of(one.trace_id));
    });
  }
}

Bytes MetricsRequest::finish() {
  end();
  Bytes whole = enclose(resource_, metrics_.view());
  metrics_.clear();
  count_ = 0;
  metric_ = nullptr;
  return whole;
}

}  // namespace weft::telemetry::internal
