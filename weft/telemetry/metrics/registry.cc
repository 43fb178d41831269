#include "weft/telemetry/metrics/registry.h"

#include <initializer_list>
#include <mutex>
#include <optional>
#include <utility>

namespace weft::telemetry {
namespace {

/// The names of a metric's family and of its samples in Prometheus' formats, which no two metrics
/// may share: one line of another type loses the whole scrape.
std::vector<std::string> names_in_prometheus(const Metric& metric) {
  const std::string& name = metric.prometheus();
  std::vector<std::string> names{name};
  const auto add = [&](std::initializer_list<const char*> endings) {
    for (const char* ending : endings) names.push_back(name + ending);
  };
  if (metric.declaration().kind == MetricKind::Counter) add({"_total", "_created"});
  if (metric.declaration().kind == MetricKind::Histogram)
    add({"_bucket", "_sum", "_count", "_created"});
  return names;
}

}  // namespace

Result<Metric*> Registry::declare(const Declaration& declaration) {
  Status valid = validate(declaration);
  if (!valid.ok()) return valid;
  std::optional<Bounds> bounds;
  if (declaration.kind == MetricKind::Histogram) bounds = Bounds::make(declaration.bounds).value();
  auto made = std::make_unique<Metric>(declaration, bounds ? &*bounds : nullptr);
  const std::lock_guard lock(mutex_);
  if (const auto found = metrics_.find(declaration.name); found != metrics_.end()) {
    if (found->second->is_same(declaration)) return found->second.get();
    return already_exists("metric '" + found->first + "' is registered as " +
                          found->second->describe() + "; it cannot be " + made->describe() +
                          " too");
  }
  Status unique = check_prometheus(*made);
  if (!unique.ok()) return unique;
  Metric* const metric = made.get();
  for (std::string& name : names_in_prometheus(*metric))
    prometheus_.emplace(std::move(name), metric);
  metrics_.emplace(std::string(declaration.name), std::move(made));
  return metric;
}

Status Registry::check_prometheus(const Metric& metric) const {
  for (const std::string& name : names_in_prometheus(metric)) {
    const auto found = prometheus_.find(name);
    if (found == prometheus_.end()) continue;
    return already_exists("metric '" + std::string(metric.declaration().name) + "' has the name '" +
                          name + "' in Prometheus, which is metric '" +
                          std::string(found->second->declaration().name) + "', " +
                          found->second->describe());
  }
  return {};
}

std::vector<Metric*> Registry::metrics() const {
  const std::lock_guard lock(mutex_);
  std::vector<Metric*> all;
  all.reserve(metrics_.size());
  for (const auto& [name, metric] : metrics_) all.push_back(metric.get());
  return all;
}

Registry& registry() {
  static auto& never_destroyed = *new Registry;
  return never_destroyed;
}

}  // namespace weft::telemetry
