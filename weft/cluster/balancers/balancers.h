#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/cluster/balancers/balancer.h"
#include "weft/cluster/endpoints/slow_start.h"

/// The balancers that come with weft. Each takes an options struct with defaults; where gRPC's
/// service config or Envoy has the option, the comment gives its name there. Impossible options are
/// found by BalancerPolicy::valid().
///
///     weft::BalancingOptions balancing{.policy = weft::least_request({.choice_count = 3})};
namespace weft {

using Balancing = std::shared_ptr<const cluster::BalancerPolicy>;

/// One server, several addresses: the first that answers is used for all calls.
struct PickFirstOptions {
  /// Tries the addresses in random order, so that clients of several servers behind one list do
  /// not all take the first. gRPC: shuffleAddressList.
  bool shuffle = false;
};
Balancing pick_first(PickFirstOptions options = {});

/// One after the other, beginning anywhere.
struct RoundRobinOptions {
  SlowStartOptions slow_start{};
};
Balancing round_robin(RoundRobinOptions options = {});

/// Any, by chance; in proportion to Endpoint::weight.
Balancing random_choice();

/// What weighted_round_robin() takes for an instance's weight.
enum class WeightSource : std::uint8_t {
  /// What the servers report (gRFC A58); Endpoint::weight while fewer than two of them do.
  LoadReports,
  /// Endpoint::weight.
  Endpoints,
};

/// In proportion to weights, spread evenly over time.
struct WeightedRoundRobinOptions {
  WeightSource weights = WeightSource::LoadReports;
  /// What an error costs: weight = qps / (utilization + eps / qps * penalty). At least 0. gRPC:
  /// errorUtilizationPenalty.
  double error_utilization_penalty = 1.0;
  /// How long an instance has to report before its reports are believed. gRPC: blackoutPeriod.
  Duration blackout_period = std::chrono::seconds(10);
  /// How long a report is believed. gRPC: weightExpirationPeriod.
  Duration weight_expiration_period = std::chrono::minutes(3);
  /// How often weights are worked out anew; at least 100 ms, as in gRPC: weightUpdatePeriod.
  Duration weight_update_period = std::chrono::seconds(1);
  SlowStartOptions slow_start{};
};
Balancing weighted_round_robin(WeightedRoundRobinOptions options = {});

/// Of a few drawn by chance, the one with the fewest calls under way for its Endpoint::weight.
struct LeastRequestOptions {
  /// How many are drawn: 2 to 100. gRPC: choiceCount.
  std::uint32_t choice_count = 2;
  SlowStartOptions slow_start{};
};
Balancing least_request(LeastRequestOptions options = {});

/// Of two drawn by chance, the one where a call is expected to end sooner: its latency, with peaks
/// remembered, times the calls under way.
struct PeakEwmaOptions {
  /// How long a latency is remembered: after this time it weighs 1/e. Above 0.
  Duration decay = std::chrono::seconds(10);
  /// A call that fails by the server's fault or the network's counts as having taken at least this,
  /// so that an instance that fails fast does not look fast. At least 0.
  Duration failure_latency = std::chrono::seconds(1);
};
Balancing peak_ewma(PeakEwmaOptions options = {});

/// Calls with the same key go to the same instance, and most still do when instances come and go.
/// The key is what the caller set for the call, else the value of request_hash_header; a call with
/// neither goes anywhere.
struct RingHashOptions {
  /// Points on the ring of an instance of the least weight, however many instances there are; so
  /// that one of N that goes moves 1/N of the keys. 0: as many as gRPC gives it, from the sizes
  /// below: then callers in other languages agree, but everybody's points depend on how many
  /// instances there are, and about 2/N of the keys move.
  std::uint32_t points_per_instance = 160;
  /// Points on the ring where points_per_instance is 0; at least 1, at most kMaxRingSize. gRPC:
  /// minRingSize.
  std::uint64_t min_ring_size = 1024;
  /// Likewise. gRPC: maxRingSize.
  std::uint64_t max_ring_size = 4096;
  /// Metadata whose value is the key; empty: none. gRPC: requestHashHeader.
  std::string request_hash_header{};
  /// Bounded loads: no instance has more than this percentage of the mean number of calls under
  /// way; a call that would be above goes to the next. At least 101; 0: no bound. Envoy:
  /// hash_balance_factor.
  std::uint32_t hash_balance_factor = 0;
};
inline constexpr std::uint64_t kMaxRingSize = 8u << 20;
Balancing ring_hash(RingHashOptions options = {});

/// As ring_hash(), by a table: shares more even and picks faster, moves slightly more when
/// instances come and go.
struct MaglevOptions {
  /// A prime, much larger than the number of instances, at most kMaxMaglevTable. Envoy: table_size.
  std::uint32_t table_size = 65537;
  std::string request_hash_header{};      ///< as RingHashOptions
  std::uint32_t hash_balance_factor = 0;  ///< as RingHashOptions
};
inline constexpr std::uint32_t kMaxMaglevTable = 5'000'011;
Balancing maglev(MaglevOptions options = {});

/// Instances in the caller's zone while enough of them are available, others too when not.
struct PreferZoneOptions {
  /// The caller's own, as in Endpoint::zone. Not empty.
  std::string zone;
  /// While at least this percentage of the zone's instances is available, it takes all calls;
  /// below, a part of them in proportion. Above 0, at most 100. Envoy: 100 divided by the
  /// overprovisioning factor (1.4).
  double spill_below_percent = 70;
  /// How instances are chosen within the zone and beyond; round_robin() when null. Not
  /// pick_first().
  Balancing within{};
};
Balancing prefer_zone(PreferZoneOptions options);

/// The balancer of that name with its default options, under the names that gRPC gives them, with
/// and without "_experimental": pick_first, round_robin, random, weighted_round_robin,
/// least_request, peak_ewma, ring_hash, maglev. INVALID_ARGUMENT lists the known names.
Result<Balancing> make_balancer(std::string_view name);

}  // namespace weft
