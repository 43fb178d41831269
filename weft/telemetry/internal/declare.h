#pragma once

#include <string_view>

#include "weft/base/log.h"
#include "weft/telemetry/declared.h"
#include "weft/telemetry/grpc/names.h"
#include "weft/telemetry/metrics/registry.h"

namespace weft::telemetry::internal {

/// Registers a metric of weft's own. Where its name is taken by another, that is logged, and what
/// is counted is not seen.
inline Metric& declare(Registry& registry, Declaration declaration,
                       std::span<const double> bounds = {}) {
  declaration.bounds = bounds;
  const Result<Metric*> metric = registry.declare(declaration);
  if (metric.ok()) return **metric;
  log(LogLevel::Error, "a metric of weft is not counted: " + metric.status().to_string());
  static auto& unseen = *new Registry;
  return *unseen.declare(declaration).value();
}

inline std::span<const double> times_of(CallBuckets buckets) noexcept {
  return buckets == CallBuckets::Standard ? latency_bounds() : coarse_latency_bounds();
}
inline std::span<const double> sizes_of(CallBuckets buckets) noexcept {
  return buckets == CallBuckets::Standard ? size_bounds() : coarse_size_bounds();
}

inline bool has_grpc(CallNames names) noexcept { return names != CallNames::OpenTelemetry; }
inline bool has_otel(CallNames names) noexcept { return names != CallNames::Grpc; }

inline double seconds(Duration duration) noexcept {
  return static_cast<double>(duration.count()) * 1e-9;
}

}  // namespace weft::telemetry::internal
