#include "weft/telemetry/prometheus/target_info.h"

#include <string_view>

#include "weft/base/log.h"

namespace weft::telemetry {
namespace {

/// Whether a label may be beside the others.
Status check_label(std::vector<std::string_view> others, std::string_view label) {
  others.push_back(label);
  return validate({.kind = MetricKind::Gauge, .name = kTargetInfo, .labels = others});
}

}  // namespace

Status set_target_info(const std::vector<std::pair<std::string, std::string>>& attributes,
                       Registry& to) {
  std::vector<std::string_view> names;
  std::vector<std::string_view> values;
  for (const auto& [name, value] : attributes) {
    const Status usable = check_label(names, name);
    if (!usable.ok()) {
      log(LogLevel::Warn, "an attribute is left out: " + usable.to_string());
      continue;
    }
    names.push_back(name);
    values.push_back(value);
  }
  const Result<Metric*> metric = to.declare({.kind = MetricKind::Gauge,
                                             .name = kTargetInfo,
                                             .description = "Whose metrics these are.",
                                             .labels = names,
                                             .max_series = 1});
  if (!metric.ok()) return metric.status();
  Gauge((*metric)->with(values)).set(1);
  return {};
}

}  // namespace weft::telemetry
