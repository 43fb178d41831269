#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>

#include "weft/base/status.h"
#include "weft/rpc/call/method.h"
#include "weft/rpc/call/observer.h"
#include "weft/telemetry/internal/declare.h"
#include "weft/telemetry/metrics/declaration.h"
#include "weft/telemetry/metrics/families.h"

namespace weft::telemetry::internal {

/// "pkg.Service/Method" of "/pkg.Service/Method".
inline std::string_view method_label(std::string_view path) noexcept {
  return path.starts_with('/') ? path.substr(1) : path;
}

// Labels of methods that nobody has registered.
inline constexpr std::string_view kOtherMethod = "other";
inline constexpr std::string_view kOtelOtherMethod = "_OTHER";
inline constexpr MethodDescriptor kOther{.name = kOtherMethod, .path = kOtherMethod};
// As many as a metric has series.
inline constexpr std::size_t kMostMethods = kMaxSeries;

/// Bytes of messages on the wire without gRPC's five bytes each; of a transport without a wire, of
/// the messages.
inline double message_bytes(std::uint64_t wire, std::uint64_t messages,
                            std::uint64_t bytes) noexcept {
  constexpr std::uint64_t kPrefix = 5;
  // Signed, as processors convert them.
  return static_cast<double>(
      static_cast<std::int64_t>(wire == 0 ? bytes : wire - kPrefix * messages));
}

inline void record_time(const Histogram& histogram, Duration took,
                        const TraceContext& trace) noexcept {
  if (trace.sampled()) [[unlikely]]
    return histogram.record(seconds(took), trace);
  histogram.record_finite(seconds(took));
}

/// A call's or an attempt's three histograms.
struct EndSeries {
  Histogram duration;
  Histogram sent;
  Histogram received;

  void record(const CallStats& stats, const TraceContext& trace) const noexcept {
    record_time(duration, stats.took, trace);
    sent.record_finite(message_bytes(stats.sent_wire_bytes, stats.sent_messages, stats.sent_bytes));
    received.record_finite(
        message_bytes(stats.received_wire_bytes, stats.received_messages, stats.received_bytes));
  }
};

/// A histogram under OpenTelemetry's labels.
inline Histogram otel_series(Metric& metric, std::string_view method, StatusCode code,
                             std::string_view address = {}, std::string_view port = {}) {
  const std::string_view status = name_of(code);
  const std::array<std::string_view, 6> all{
      "grpc", method, status, code == StatusCode::Ok ? std::string_view() : status, address, port};
  return Histogram(metric.with(std::span(all).first(metric.declaration().labels.size())));
}

}  // namespace weft::telemetry::internal
