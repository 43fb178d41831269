#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/endpoints/outlier.h"

namespace weft {

/// How a channel spreads its calls over the instances of a service. All of it is done by each loop
/// for the calls that it makes.
struct BalancingOptions {
  /// Which instance takes a call. Null: by the target: round_robin() if it lists instances
  /// (`static:`, `file:`, `srv:`, registries), pick_first() if it lists addresses of one server
  /// (`host:port`, `dns:`, `ipv4:`, `ipv6:`).
  Balancing policy{};
  /// Leave out instances whose calls fail or are slow more often than the others'. Not with
  /// pick_first().
  std::optional<OutlierOptions> outlier_detection{};
  /// Ask every instance for the health of this service (grpc.health.v1.Health/Watch; empty: of the
  /// server as a whole), and send calls only to instances that are SERVING. An instance without the
  /// health service counts as healthy. Unset: instances are not asked.
  std::optional<std::string> health_service{};
  /// When less than this percentage of the connected instances may be picked, unhealthy and ejected
  /// ones take calls as well: calls that may fail are better than all calls on the last few. 0:
  /// never.
  double panic_threshold_percent = 50;
  /// Use only this many of the instances; 0: all. Which ones depends on `subset_client`, by which
  /// clients have to differ; empty: each loop of a channel draws one of its own.
  std::size_t subset_size = 0;
  std::string subset_client{};

  /// INVALID_ARGUMENT naming the option, its value and the limit.
  Status valid() const;
};

}  // namespace weft
