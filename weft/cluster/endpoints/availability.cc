#include "weft/cluster/endpoints/availability.h"

#include <algorithm>
#include <cstddef>

namespace weft::cluster {
namespace {

bool is_fit(const MemberCondition& member) {
  return member.connected && member.healthy && !member.ejected;
}

}  // namespace

bool decide_availability(std::span<const MemberCondition> members, double panic_threshold_percent,
                         std::span<bool> available) {
  const auto fit = std::count_if(members.begin(), members.end(), is_fit);
  const auto connected =
      std::count_if(members.begin(), members.end(),
                    [](const MemberCondition& member) { return member.connected; });
  const bool panic =
      static_cast<double>(fit) * 100 < panic_threshold_percent * static_cast<double>(connected);
  for (std::size_t i = 0; i < members.size(); ++i) {
    available[i] = panic ? members[i].connected : is_fit(members[i]);
  }
  return panic;
}

}  // namespace weft::cluster
