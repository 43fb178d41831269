#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "weft/base/status.h"

namespace weft::telemetry {

/// What a metric is (OpenTelemetry's instruments).
enum class MetricKind : std::uint8_t {
  Counter,        ///< counts up; Prometheus adds `_total` to its name
  UpDownCounter,  ///< counts up and down; a gauge to Prometheus
  Gauge,          ///< a value that is set
  Histogram,      ///< values by buckets, with their sum
};
/// "counter", "up-down counter", "gauge", "histogram".
std::string_view name_of(MetricKind kind) noexcept;

/// Label sets that a metric has at most; what comes beyond is counted under one label,
/// `otel.metric.overflow`.
inline constexpr std::size_t kMaxSeries = 2000;
/// Labels of a metric, and bytes of a label's value: longer ones are cut.
inline constexpr std::size_t kMaxLabels = 16;
inline constexpr std::size_t kMaxLabelValue = 256;

inline constexpr std::size_t kMaxDescription = 1024;

/// All that is known of a metric before it is used.
struct Declaration {
  MetricKind kind = MetricKind::Counter;
  /// "shop.orders": letters, digits, dots and underscores, at most 255, beginning with a letter.
  std::string_view name;
  /// UCUM: "s", "By", "1"; in braces where it is a word: "{order}". Prometheus' name has it at its
  /// end: `_seconds`, `_bytes`, `_ratio`.
  std::string_view unit{};
  std::string_view description{};
  /// Their names, in the form of a metric's.
  std::span<const std::string_view> labels{};
  /// Of a histogram.
  std::span<const double> bounds{};
  std::size_t max_series = kMaxSeries;
};

/// INVALID_ARGUMENT naming what is wrong: a name, a label, the bounds, max_series.
Status validate(const Declaration& declaration);

/// The name that Prometheus knows the metric by, its family in OpenMetrics: dots become
/// underscores, and the unit is at the end: "shop_wait_seconds". Samples of a counter have `_total`
/// besides.
std::string prometheus_name(const Declaration& declaration);
/// "grpc.method" is "grpc_method".
std::string prometheus_label(std::string_view label);
/// "seconds" of "s"; empty where the unit is not part of the name.
std::string_view prometheus_unit(const Declaration& declaration) noexcept;

/// A text as it is kept: of at most `limit` bytes, and in UTF-8; what is not becomes U+FFFD.
std::string valid_text(std::string_view text, std::size_t limit);

}  // namespace weft::telemetry
