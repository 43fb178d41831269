// Consistent hashing on a ring (Karger et al. 1997): an instance has points at
// XXH64(address + "_" + i), and a key belongs to the first point at or after its hash. An instance
// that goes leaves its keys to the points after its own, about 1/N of all; nobody else's move, as
// long as the others' points stay. They do with a fixed number of points for an instance of the
// least weight (as in libketama, whose 160 are the default).
//
// gRFC A42 divides a ring of at least min_ring_size among the instances instead, so that with one
// less each has more points, and as many keys again move. points_per_instance of 0 does that, to
// agree with gRPC's clients.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "weft/cluster/balancers.h"
#include "weft/cluster/internal/hashed_balancer.h"
#include "weft/cluster/internal/policy.h"
#include "weft/cluster/internal/xxhash64.h"

namespace weft {
namespace cluster {
namespace {

class RingHash final : public HashedBalancer {
 public:
  static constexpr std::string_view kName = "ring_hash_experimental";
  static Status validate(const RingHashOptions& options);

  RingHash(const RingHashOptions& options, const BalancerSetup& setup)
      : HashedBalancer(options.request_hash_header, options.hash_balance_factor, setup.rng),
        points_per_instance_(options.points_per_instance),
        min_size_(static_cast<double>(options.min_ring_size)),
        max_size_(static_cast<double>(options.max_ring_size)) {}

 private:
  std::vector<std::uint32_t> make_slots(const std::vector<Place>& places) override;

  std::size_t slot_of(std::uint64_t hash) const noexcept override {
    const auto found = std::lower_bound(points_.begin(), points_.end(), hash);
    return found == points_.end() ? 0 : static_cast<std::size_t>(found - points_.begin());
  }

  double ring_size(const std::vector<Place>& places, double sum) const;

  const std::uint32_t points_per_instance_;  // 0: by the sizes
  const double min_size_;
  const double max_size_;
  std::vector<std::uint64_t> points_;  // of the slots, in order
};

Status RingHash::validate(const RingHashOptions& options) {
  for (const auto& [option, size] : {std::pair("min_ring_size", options.min_ring_size),
                                     std::pair("max_ring_size", options.max_ring_size)}) {
    if (size >= 1 && size <= kMaxRingSize) continue;
    return invalid_argument(std::string(option) + " is " + std::to_string(size) +
                            ", and not 1 to " + std::to_string(kMaxRingSize));
  }
  if (options.min_ring_size > options.max_ring_size) {
    return invalid_argument("min_ring_size is " + std::to_string(options.min_ring_size) +
                            ", above max_ring_size, which is " +
                            std::to_string(options.max_ring_size));
  }
  return validate_balance(options.hash_balance_factor);
}

double RingHash::ring_size(const std::vector<Place>& places, double sum) const {
  double least = places.front().weight;
  for (const Place& place : places) least = std::min(least, place.weight);
  const double share = least / sum;
  if (points_per_instance_ > 0) {
    return std::min(points_per_instance_ / share, static_cast<double>(kMaxRingSize));
  }
  return std::min(std::ceil(share * min_size_) / share, max_size_);
}

std::vector<std::uint32_t> RingHash::make_slots(const std::vector<Place>& places) {
  double sum = 0;
  for (const Place& place : places) sum += place.weight;
  const double size = ring_size(places, sum);
  std::vector<std::pair<std::uint64_t, std::uint32_t>> ring;
  ring.reserve(static_cast<std::size_t>(size) + 1);
  double due = 0;  // points that the instances so far should have; fractions carry over
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    due += size * places[i].weight / sum;
    for (std::uint32_t point = 0; static_cast<double>(ring.size()) < due; ++point) {
      ring.emplace_back(xxhash64(places[i].name + "_" + std::to_string(point)), i);
    }
  }
  std::sort(ring.begin(), ring.end());
  points_.clear();
  std::vector<std::uint32_t> slots;
  for (const auto& [point, place] : ring) {
    points_.push_back(point);
    slots.push_back(place);
  }
  return slots;
}

}  // namespace
}  // namespace cluster

Balancing ring_hash(RingHashOptions options) {
  return cluster::policy_of<cluster::RingHash>(std::move(options));
}

}  // namespace weft
