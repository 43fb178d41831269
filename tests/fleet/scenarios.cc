#include "tests/fleet/scenarios.h"

#include <array>

namespace weft::fleet {

std::span<const Scenario> scenarios() {
  static constexpr std::array<Scenario, 7> kAll = {{
      {"rolling", "every instance is replaced under load, one after the other", &rolling_deploy},
      {"dead", "one of ten instances dies; retries with a budget", &dead_instance},
      {"grey", "one of ten instances becomes a hundred times slower", &grey_instance},
      {"uneven", "some instances are slower than others", &uneven_instances},
      {"overload", "three times as many calls as the instances can serve", &overload},
      {"ring", "one instance of a hash ring leaves", &hash_ring},
      {"chaos", "crashes, partitions, slow instances and a registry that restarts", &chaos},
  }};
  return kAll;
}

}  // namespace weft::fleet
