#include "weft/cluster/resolvers/internal/dns_schedule.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "weft/net/socket/address.h"

namespace weft::cluster {
namespace {

using std::chrono::seconds;

// What Kubernetes' name servers say of a headless service by default: shorter TTLs, down to the 0
// that Consul's say, would make every loop of every client ask all the time.
constexpr Duration kLeastPause = seconds(5);
// A record that was given a day to live is noticed all the same when it changes.
constexpr Duration kMostPause = std::chrono::minutes(10);
// Added to the TTL at most, so that clients that began together drift apart.
constexpr double kSpread = 0.1;
constexpr Duration kFirstRetry = seconds(1);
constexpr Duration kMostRetry = seconds(30);
constexpr std::uint16_t kDnsPort = 53;

}  // namespace

DnsSchedule::DnsSchedule(Rng& rng) noexcept : rng_(rng), backoff_(rng, kFirstRetry, kMostRetry) {}

DnsSchedule::Pause DnsSchedule::after_answer(Duration ttl) noexcept {
  backoff_.reset();
  if (ttl == kForever) return {.at_least = kLeastPause, .at_most = kForever};
  const Duration holds = std::clamp(ttl, kLeastPause, kMostPause);
  const double spread = kSpread * rng_.uniform() * static_cast<double>(holds.count());
  return {.at_least = kLeastPause, .at_most = holds + Duration(static_cast<Duration::rep>(spread))};
}

DnsSchedule::Pause DnsSchedule::after_failure() noexcept {
  const Duration pause = backoff_.next();
  return {.at_least = pause, .at_most = pause};
}

Result<std::string> name_servers_of(std::string_view authority) {
  if (authority.empty()) return std::string();
  const Result<net::HostPort> parts = net::HostPort::parse(authority, kDnsPort);
  if (!parts) return parts.status().with_prefix("the name server");
  const Result<net::Address> address = net::Address::ip(parts->host, parts->port);
  if (!address) return address.status().with_prefix("the name server");
  return address->to_string();
}

}  // namespace weft::cluster
