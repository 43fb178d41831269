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
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/hashed_balancer.h"
#include "weft/cluster/balancers/internal/policy.h"
#include "weft/cluster/balancers/internal/xxhash64.h"

namespace weft {
namespace cluster {
namespace {

constexpr std::uint32_t kGone = std::numeric_limits<std::uint32_t>::max();

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
  // Of the ring so far, by which it becomes the next one.
  struct Instance {
    std::string name;
    std::uint32_t points;
  };
  struct Point {
    std::uint64_t hash;
    std::uint32_t place;
    bool operator<(const Point& other) const noexcept {
      return hash != other.hash ? hash < other.hash : place < other.place;
    }
  };

  std::vector<std::uint32_t> make_slots(const std::vector<Place>& places) override;
  std::vector<std::uint32_t> points_of(const std::vector<Place>& places) const;
  std::vector<std::uint32_t> merge(const std::vector<std::uint32_t>& places_now,
                                   const std::vector<Point>& added);

  std::size_t slot_of(std::uint64_t hash) const noexcept override {
    const auto found = std::lower_bound(points_.begin(), points_.end(), hash);
    return found == points_.end() ? 0 : static_cast<std::size_t>(found - points_.begin());
  }

  const std::uint32_t points_per_instance_;  // 0: by the sizes
  const double min_size_;
  const double max_size_;
  std::vector<Instance> instances_;
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

std::vector<std::uint32_t> RingHash::points_of(const std::vector<Place>& places) const {
  double sum = 0;
  double least = places.front().weight;
  for (const Place& place : places) {
    sum += place.weight;
    least = std::min(least, place.weight);
  }
  std::vector<std::uint32_t> points;
  if (points_per_instance_ > 0) {
    const double per_weight =
        std::min(points_per_instance_ / least, static_cast<double>(kMaxRingSize) / sum);
    for (const Place& place : places) {
      points.push_back(std::max(1u, static_cast<std::uint32_t>(place.weight * per_weight + 0.5)));
    }
    return points;
  }
  // As gRPC does it: fractions of a point carry over to the next instance.
  const double share = least / sum;
  const double size = std::min(std::ceil(share * min_size_) / share, max_size_);
  double due = 0;
  double given = 0;
  for (const Place& place : places) {
    due += size * place.weight / sum;
    points.push_back(static_cast<std::uint32_t>(std::max(0.0, std::ceil(due - given))));
    given += points.back();
  }
  return points;
}

// Keeps the points of those that stay, which in a large fleet are nearly all: to hash and sort a
// ring of a thousand instances anew takes 15 ms.
std::vector<std::uint32_t> RingHash::make_slots(const std::vector<Place>& places) {
  const std::vector<std::uint32_t> points = points_of(places);
  std::unordered_map<std::string_view, std::uint32_t> before;
  for (std::uint32_t i = 0; i < instances_.size(); ++i) before.emplace(instances_[i].name, i);
  std::vector<std::uint32_t> places_now(instances_.size(), kGone);
  std::vector<Point> added;
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    const auto found = before.find(places[i].name);
    if (found != before.end() && instances_[found->second].points == points[i] &&
        places_now[found->second] == kGone) {
      places_now[found->second] = i;
      continue;
    }
    for (std::uint32_t point = 0; point < points[i]; ++point) {
      added.push_back({xxhash64(places[i].name + "_" + std::to_string(point)), i});
    }
  }
  std::sort(added.begin(), added.end());
  std::vector<std::uint32_t> slots = merge(places_now, added);
  instances_.clear();
  for (std::size_t i = 0; i < places.size(); ++i) instances_.push_back({places[i].name, points[i]});
  return slots;
}

std::vector<std::uint32_t> RingHash::merge(const std::vector<std::uint32_t>& places_now,
                                           const std::vector<Point>& added) {
  std::vector<std::uint64_t> points;
  std::vector<std::uint32_t> owners;
  points.reserve(points_.size() + added.size());
  owners.reserve(points_.size() + added.size());
  auto next = added.begin();
  const auto take_added_below = [&](const Point& limit) {
    for (; next != added.end() && *next < limit; ++next) {
      points.push_back(next->hash);
      owners.push_back(next->place);
    }
  };
  for (std::size_t i = 0; i < points_.size(); ++i) {
    const Point kept{points_[i], places_now[slots()[i]]};
    if (kept.place == kGone) continue;
    take_added_below(kept);
    points.push_back(kept.hash);
    owners.push_back(kept.place);
  }
  take_added_below({std::numeric_limits<std::uint64_t>::max(), kGone});
  points_ = std::move(points);
  return owners;
}

}  // namespace
}  // namespace cluster

Balancing ring_hash(RingHashOptions options) {
  return cluster::policy_of<cluster::RingHash>(std::move(options));
}

}  // namespace weft
