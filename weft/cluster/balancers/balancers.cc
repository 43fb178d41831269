#include "weft/cluster/balancers/balancers.h"

#include <string>

namespace weft {
namespace {

struct Named {
  std::string_view name;
  Balancing (*make)();
};

constexpr Named kBalancers[] = {
    {"pick_first", [] { return pick_first(); }},
    {"round_robin", [] { return round_robin(); }},
    {"random", [] { return random_choice(); }},
    {"weighted_round_robin", [] { return weighted_round_robin(); }},
    {"least_request", [] { return least_request(); }},
    {"peak_ewma", [] { return peak_ewma(); }},
    {"ring_hash", [] { return ring_hash(); }},
    {"maglev", [] { return maglev(); }},
};

}  // namespace

Result<Balancing> make_balancer(std::string_view name) {
  constexpr std::string_view kSuffix = "_experimental";
  std::string_view plain = name;
  if (plain.ends_with(kSuffix)) plain.remove_suffix(kSuffix.size());
  std::string known;
  for (const Named& balancer : kBalancers) {
    if (balancer.name == plain) return balancer.make();
    known.append(known.empty() ? "" : ", ").append(balancer.name);
  }
  return invalid_argument("there is no balancer \"" + std::string(name) + "\", only " + known);
}

}  // namespace weft
