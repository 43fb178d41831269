#include "weft/telemetry/metrics/families.h"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <numeric>
#include <vector>

namespace weft::telemetry {
namespace {

Exemplar exemplar_of(std::size_t bucket, double value, const TraceContext& trace) noexcept {
  // time() reads no hardware clock.
  return {.bucket = static_cast<std::uint32_t>(bucket),
          .second = static_cast<std::uint32_t>(std::time(nullptr)),
          .value = value,
          .trace_id = trace.trace_id,
          .span_id = trace.span_id};
}

}  // namespace

void Counter::add(std::uint64_t more, const TraceContext& trace) const noexcept {
  add(more);
  if (!trace.sampled()) return;
  series_->keep(exemplar_of(0, static_cast<double>(more), trace));
}

void Histogram::keep(double value, const TraceContext& trace) const noexcept {
  if (!std::isfinite(value)) return;
  series_->keep(exemplar_of(series_->shape().bounds->bucket_of(value), value, trace));
}

std::uint64_t Histogram::count() const noexcept {
  std::vector<std::uint64_t> counts(series_->shape().bounds->buckets());
  static_cast<void>(series_->buckets(counts));
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

double Histogram::sum() const noexcept {
  std::vector<std::uint64_t> counts(series_->shape().bounds->buckets());
  return series_->buckets(counts);
}

}  // namespace weft::telemetry
