#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "weft/base/rng.h"
#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/cluster/endpoints/member.h"
#include "weft/cluster/endpoints/tried.h"

namespace weft::cluster {

/// What a server says of its load in ORCA's format (xds.data.orca.v3.OrcaLoadReport).
struct LoadReport {
  double cpu_utilization = 0;
  double application_utilization = 0;
  double rps_fractional = 0;
  double eps = 0;
};

/// How a call on a member ended.
struct CallReport {
  StatusCode code = StatusCode::Ok;
  /// Who said so: the server, or the way to it.
  Origin origin = Origin::Local;
  /// From when it was sent until it ended; zero unless wants_latency() asked for it.
  Duration latency{};
  TimePoint now{};                   ///< likewise
  const LoadReport* load = nullptr;  ///< where the server reported one with the call
};

/// The call that is to be placed, as far as it matters.
class PickRequest {
 public:
  virtual std::string_view path() const noexcept = 0;
  /// The first value of the request's metadata of this name; empty where there is none.
  virtual std::string_view metadata(std::string_view name) const noexcept = 0;
  /// What the caller wants calls of one kind kept together by.
  virtual std::optional<std::uint64_t> key() const noexcept = 0;
  /// To be avoided where there are others. Null: none.
  virtual const Tried* tried() const noexcept = 0;

 protected:
  ~PickRequest() = default;
};

/// Decides which member takes a call. One per channel and loop, on whose thread it is used.
class Balancer {
 public:
  virtual ~Balancer() = default;
  /// These are the members now, in the resolver's order, available or not. Called when the list or
  /// the availability of a member has changed, never within pick(). The span and the members are
  /// valid until the next call.
  virtual void update(std::span<Member* const> members) = 0;
  /// An available member; null when there is none.
  virtual Member* pick(const PickRequest& request) = 0;
  /// A call has begun on a member, or has ended. A call is counted in outstanding() from before the
  /// one until after the other.
  virtual void on_begun(Member&) {}
  virtual void on_ended(Member&, const CallReport&) {}
  /// Whether CallReport is to hold times, which cost two readings of the clock per call.
  virtual bool wants_latency() const noexcept { return false; }
  /// A server's load, reported outside of calls (gRFC A51, out-of-band).
  virtual void on_load(Member&, const LoadReport&) {}
};

/// What a balancer is made with; outlives it.
struct BalancerSetup {
  Rng& rng;
  const Clock& clock;
};

/// Makes balancers: a policy with its options. Immutable, shared by loops and channels.
class BalancerPolicy {
 public:
  virtual ~BalancerPolicy() = default;
  /// gRPC's name where it has one: "round_robin", "ring_hash_experimental".
  virtual std::string_view name() const noexcept = 0;
  /// Whether its options are possible: INVALID_ARGUMENT naming the option, its value and the limit.
  /// make() is called only where they are.
  virtual Status valid() const { return {}; }
  virtual std::unique_ptr<Balancer> make(const BalancerSetup& setup) const = 0;
  /// All addresses are those of one server, one of which is used (pick_first): the channel then
  /// makes one member of all endpoints.
  virtual bool joins_endpoints() const noexcept { return false; }
  /// With joins_endpoints(): the addresses are tried in random order (gRPC's shuffleAddressList).
  virtual bool shuffles_addresses() const noexcept { return false; }
};

}  // namespace weft::cluster
