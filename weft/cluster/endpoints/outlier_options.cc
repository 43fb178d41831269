#include <initializer_list>
#include <string>
#include <string_view>

#include "weft/base/text/number_text.h"
#include "weft/cluster/endpoints/outlier.h"

namespace weft {
namespace {

Status impossible(std::string_view option, const std::string& value, std::string_view limit) {
  return invalid_argument(
      std::string(option).append(" is ").append(value).append(", and not ").append(limit));
}

struct Percent {
  std::string_view option;
  std::uint32_t value;
};

Status check(std::initializer_list<Percent> percents) {
  for (const Percent& percent : percents) {
    if (percent.value > 100) {
      return impossible(percent.option, std::to_string(percent.value), "0 to 100");
    }
  }
  return {};
}

Status check(const LatencyEjection& latency) {
  if (!(latency.factor > 1)) {
    return impossible("latency.factor", number_text(latency.factor), "above 1");
  }
  if (!(latency.percentile > 0) || !(latency.percentile < 100)) {
    return impossible("latency.percentile", number_text(latency.percentile), "between 0 and 100");
  }
  if (latency.minimum < Duration::zero()) {
    return impossible("latency.minimum", to_string(latency.minimum), "0s or more");
  }
  if (latency.minimum_hosts < 2) {
    return impossible("latency.minimum_hosts", std::to_string(latency.minimum_hosts), "2 or more");
  }
  if (latency.request_volume < 1) {
    return impossible("latency.request_volume", "0", "1 or more");
  }
  return {};
}

}  // namespace

Status OutlierOptions::valid() const {
  if (interval <= Duration::zero()) return impossible("interval", to_string(interval), "above 0s");
  if (base_ejection_time < Duration::zero()) {
    return impossible("base_ejection_time", to_string(base_ejection_time), "0s or more");
  }
  if (max_ejection_time < Duration::zero()) {
    return impossible("max_ejection_time", to_string(max_ejection_time), "0s or more");
  }
  Status percents = check({{"max_ejection_percent", max_ejection_percent}});
  if (percents.ok() && success_rate) {
    percents = check({{"success_rate.enforcement_percent", success_rate->enforcement_percent}});
  }
  if (percents.ok() && failure_percentage) {
    percents = check(
        {{"failure_percentage.threshold_percent", failure_percentage->threshold_percent},
         {"failure_percentage.enforcement_percent", failure_percentage->enforcement_percent}});
  }
  if (!percents.ok()) return percents;
  if (consecutive_failures && consecutive_failures->count < 1) {
    return impossible("consecutive_failures.count", "0", "1 or more");
  }
  if (success_rate && !(success_rate->stdev_factor >= 0)) {
    return impossible("success_rate.stdev_factor", number_text(success_rate->stdev_factor),
                      "0 or more");
  }
  return latency ? check(*latency) : ok_status();
}

}  // namespace weft
