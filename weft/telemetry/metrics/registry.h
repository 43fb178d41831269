#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "weft/base/fork_mutex.h"
#include "weft/base/result.h"
#include "weft/telemetry/metrics/families.h"
#include "weft/telemetry/metrics/metric.h"

namespace weft::telemetry {

/// Keeps metrics by their names. From any thread.
///
///     static const auto orders = telemetry::registry().counter(
///         {.name = "shop.orders", .unit = "{order}", .description = "Orders taken."},
///         telemetry::Label<std::string_view>{"shop.kind"}).value();
///     telemetry::Counter books = orders.with("book");   // once
///     books.add();                                      // from any thread, again and again
///
/// Registering a name again gives the same metric if kind, unit, labels and bounds are the same;
/// else ALREADY_EXISTS, and INVALID_ARGUMENT for what validate() refuses.
class Registry {
 public:
  Registry() = default;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  template <class... Ts>
  Result<CounterFamily<Ts...>> counter(MetricOptions options, Label<Ts>... labels) {
    return family<CounterFamily<Ts...>>(MetricKind::Counter, options, {labels.name...});
  }
  template <class... Ts>
  Result<UpDownFamily<Ts...>> up_down_counter(MetricOptions options, Label<Ts>... labels) {
    return family<UpDownFamily<Ts...>>(MetricKind::UpDownCounter, options, {labels.name...});
  }
  template <class... Ts>
  Result<GaugeFamily<Ts...>> gauge(MetricOptions options, Label<Ts>... labels) {
    return family<GaugeFamily<Ts...>>(MetricKind::Gauge, options, {labels.name...});
  }
  /// Without bounds it has latency_bounds().
  template <class... Ts>
  Result<HistogramFamily<Ts...>> histogram(MetricOptions options, Label<Ts>... labels) {
    if (options.bounds.empty()) options.bounds = latency_bounds();
    return family<HistogramFamily<Ts...>>(MetricKind::Histogram, options, {labels.name...});
  }

  /// As the functions above; the metric lives as long as the registry.
  Result<Metric*> declare(const Declaration& declaration);

  /// All metrics, by name. They stay valid as long as the registry.
  std::vector<Metric*> metrics() const;

 private:
  template <class Family>
  Result<Family> family(MetricKind kind, const MetricOptions& options,
                        std::vector<std::string_view> labels) {
    Result<Metric*> metric = declare({.kind = kind,
                                      .name = options.name,
                                      .unit = options.unit,
                                      .description = options.description,
                                      .labels = labels,
                                      .bounds = options.bounds,
                                      .max_series = options.max_series});
    if (!metric.ok()) return std::move(metric).status();
    return Family(**metric);
  }
  Status check_prometheus(const Metric& metric) const;

  mutable ForkMutex mutex_;
  std::map<std::string, std::unique_ptr<Metric>, std::less<>> metrics_;
  std::map<std::string, const Metric*, std::less<>> prometheus_;  // names of families and samples
};

/// The registry of the process, of what weft counts and of the program's own metrics. It is never
/// destroyed, so that threads may record while the program ends.
Registry& registry();

}  // namespace weft::telemetry
