#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/cluster/endpoints/endpoint.h"
#include "weft/net/loop/loop.h"

namespace weft::registry {

/// Whether a registry may name addresses that mean something else on every machine: loopback,
/// link-local, Unix sockets, names in memory.
enum class LocalAddresses : std::uint8_t { Refused, Accepted };

/// The value of a target's `allow_local`.
Status read_local_option(const std::string& value, LocalAddresses& into);

/// Whether all `hosts` ("host:port") are this machine by what they are called: loopback addresses
/// and `localhost`. A registry there lists local addresses of this machine; one elsewhere, of
/// another.
bool are_this_machine(const std::vector<std::string>& hosts);

/// Holds what a registry names against what a registry may say, because whoever registers there
/// decides where this process connects. Takes out addresses that lead nowhere and, where they are
/// refused, local ones; an endpoint without any other is left out. Bounds weights.
///
/// What is refused is counted (refused_addresses()), and logged once, then at most once a minute.
/// Belongs to a loop.
class EndpointFilter {
 public:
  /// `target` is for the log.
  EndpointFilter(const net::Loop& loop, std::string_view target, LocalAddresses local)
      : loop_(loop), target_(target), local_(local) {}

  /// `unreadable`: why other entries of the same list are no endpoints; they are refused, too.
  std::vector<cluster::Endpoint> admit(std::vector<cluster::Endpoint> endpoints,
                                       const std::vector<Status>& unreadable = {});
  /// Why something of the last list was refused; OK where nothing was.
  const Status& refusal() const noexcept { return refusal_; }

 private:
  Status check(const net::Address& address) const;
  void admit(cluster::Endpoint& endpoint, std::set<std::string>& refused);
  void refuse(std::string what, const Status& why, std::set<std::string>& refused);
  void tell();

  const net::Loop& loop_;
  std::string target_;
  LocalAddresses local_;
  Status refusal_;
  /// What of the last list was refused, so that each counts once however often it is listed.
  std::set<std::string> refused_;
  std::uint64_t untold_ = 0;
  TimePoint told_{};
};

}  // namespace weft::registry
