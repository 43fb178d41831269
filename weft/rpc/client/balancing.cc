#include "weft/rpc/client/balancing.h"

#include "weft/base/text/number_text.h"

namespace weft {

Status BalancingOptions::valid() const {
  if (policy != nullptr) {
    if (Status status = policy->valid(); !status.ok()) return status;
  }
  if (outlier_detection) {
    if (Status status = outlier_detection->valid(); !status.ok()) return status;
  }
  if (!(panic_threshold_percent >= 0 && panic_threshold_percent <= 100)) {
    return invalid_argument("BalancingOptions::panic_threshold_percent is " +
                            number_text(panic_threshold_percent) + ", expected 0 to 100");
  }
  return {};
}

}  // namespace weft
