#include "weft/telemetry/prometheus/target_info.h"

#include <string_view>

namespace weft::telemetry {

Status set_target_info(const std::vector<std::pair<std::string, std::string>>& attributes,
                       Registry& to) {
  std::vector<std::string_view> names;
  std::vector<std::string_view> values;
  for (const auto& [name, value] : attributes) {
    names.push_back(name);
    values.push_back(value);
  }
  const Result<Metric*> metric = to.declare({.kind = MetricKind::Gauge,
                                             .name = "target.info",
                                             .description = "Whose metrics these are.",
                                             .labels = names,
                                             .max_series = 1});
  if (!metric.ok()) return metric.status();
  Gauge((*metric)->with(values)).set(1);
  return {};
}

}  // namespace weft::telemetry
