#include "weft/cluster/endpoints/slow_start.h"

#include <cmath>
#include <string>

#include "weft/base/text/number_text.h"

namespace weft {

Status SlowStartOptions::valid() const {
  if (window < Duration::zero()) {
    return invalid_argument("slow_start.window is " + to_string(window) + ", and not 0s or more");
  }
  if (!(aggression > 0)) {
    return invalid_argument("slow_start.aggression is " + std::to_string(aggression) +
                            ", and not above 0");
  }
  if (!(min_weight_percent > 0) || min_weight_percent > 100) {
    return invalid_argument("slow_start.min_weight_percent is " + number_text(min_weight_percent) +
                            ", and not above 0 and up to 100");
  }
  return {};
}

}  // namespace weft

namespace weft::cluster {

double slow_start_factor(const SlowStartOptions& options, const Member& member, TimePoint now) {
  const Duration since = now - member.available_since();
  if (since >= options.window) return 1;
  const double least = options.min_weight_percent / 100;
  if (since <= Duration::zero()) return least;
  const double part =
      static_cast<double>(since.count()) / static_cast<double>(options.window.count());
  const double grown = options.aggression == 1 ? part : std::pow(part, 1 / options.aggression);
  return std::max(least, grown);
}

}  // namespace weft::cluster
