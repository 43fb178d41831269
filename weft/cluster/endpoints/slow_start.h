#pragma once

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/cluster/endpoints/member.h"

namespace weft {

/// How an instance that has just become available is given calls: few at first, its full share at
/// the end of the window. After Envoy's slow start (`SlowStartConfig`).
struct SlowStartOptions {
  /// From becoming available to the full share. Zero: no slow start.
  Duration window{};
  /// The share grows as (time / window)^(1 / aggression): linearly at 1, faster early above it.
  /// Above 0.
  double aggression = 1.0;
  /// The share that it begins with, in percent of the full one. Above 0, at most 100.
  double min_weight_percent = 10;

  /// INVALID_ARGUMENT naming the option, its value and the limit.
  Status valid() const;
};

}  // namespace weft

namespace weft::cluster {

/// What the member's weight is multiplied by at `now`: min_weight_percent / 100 to 1.
double slow_start_factor(const SlowStartOptions& options, const Member& member, TimePoint now);

}  // namespace weft::cluster
