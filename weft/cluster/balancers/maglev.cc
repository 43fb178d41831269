// Maglev's table (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer",
// NSDI 2016, section 3.4): each instance has a permutation of the table's slots, made of an offset
// and a skip that hash its name; in turn, each takes the next slot of its permutation that is still
// free, until none is. Instances of less than the greatest weight miss turns in proportion, as in
// Envoy. A key belongs to the instance of slot `hash mod size`. The instances take their turns in
// the order of their names, so that callers agree whatever order they have the list in.

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/hashed_balancer.h"
#include "weft/cluster/balancers/internal/policy.h"
#include "weft/cluster/balancers/internal/xxhash64.h"

namespace weft {
namespace cluster {
namespace {

bool is_prime(std::uint32_t number) {
  if (number < 2) return false;
  for (std::uint64_t divisor = 2; divisor * divisor <= number; ++divisor) {
    if (number % divisor == 0) return false;
  }
  return true;
}

class Maglev final : public HashedBalancer {
 public:
  static constexpr std::string_view kName = "maglev";
  static Status validate(const MaglevOptions& options);

  Maglev(const MaglevOptions& options, const BalancerSetup& setup)
      : HashedBalancer(options.request_hash_header, options.hash_balance_factor, setup.rng),
        size_(options.table_size) {}

 private:
  std::vector<std::uint32_t> make_slots(const std::vector<Place>& places) override;
  std::size_t slot_of(std::uint64_t hash) const noexcept override {
    return static_cast<std::size_t>(hash % size_);
  }

  const std::uint32_t size_;
};

Status Maglev::validate(const MaglevOptions& options) {
  if (!is_prime(options.table_size) || options.table_size > kMaxMaglevTable) {
    return invalid_argument("table_size is " + std::to_string(options.table_size) +
                            ", and not a prime up to " + std::to_string(kMaxMaglevTable));
  }
  return validate_balance(options.hash_balance_factor);
}

// An instance's way through the table.
struct Permutation {
  std::uint32_t place;
  double step;        // how much of a turn it has per round
  double credit = 0;  // the turns it has coming
  std::uint64_t next;
  std::uint64_t skip;
};

std::vector<std::uint32_t> Maglev::make_slots(const std::vector<Place>& places) {
  std::vector<std::uint32_t> order(places.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return places[a].name < places[b].name; });
  double greatest = 0;
  for (const Place& place : places) greatest = std::max(greatest, place.weight);
  std::vector<Permutation> permutations;
  for (const std::uint32_t place : order) {
    const std::string& name = places[place].name;
    const std::uint64_t skip = size_ > 2 ? xxhash64(name, 1) % (size_ - 1) + 1 : 1;
    permutations.push_back(
        {place, places[place].weight / greatest, 0, xxhash64(name) % size_, skip});
  }

  constexpr std::uint32_t kFree = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> table(size_, kFree);
  for (std::uint32_t filled = 0; filled < size_;) {
    for (Permutation& way : permutations) {
      if (filled == size_) break;
      way.credit += way.step;
      if (way.credit < 1) continue;
      way.credit -= 1;
      while (table[way.next] != kFree) way.next = (way.next + way.skip) % size_;
      table[way.next] = way.place;
      ++filled;
    }
  }
  return table;
}

}  // namespace
}  // namespace cluster

Balancing maglev(MaglevOptions options) {
  return cluster::policy_of<cluster::Maglev>(std::move(options));
}

}  // namespace weft
