#include "weft/cluster/balancers/subset.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "weft/cluster/balancers/internal/xxhash64.h"

namespace weft::cluster {
namespace {

// Who an endpoint is, whatever else is said of it.
std::string identity_of(const Endpoint& endpoint) {
  std::string identity;
  for (const net::Address& address : endpoint.addresses) {
    identity.append(address.to_string()).append(1, '\n');
  }
  return identity;
}

}  // namespace

std::vector<Endpoint> subset(std::vector<Endpoint> endpoints, std::size_t size,
                             std::string_view client_id) {
  if (size == 0 || size >= endpoints.size()) return endpoints;
  const std::uint64_t client = xxhash64(client_id);
  std::vector<std::pair<std::uint64_t, std::size_t>> scores;
  scores.reserve(endpoints.size());
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    scores.emplace_back(xxhash64(identity_of(endpoints[i]), client), i);
  }
  const auto end = scores.begin() + static_cast<std::ptrdiff_t>(size);
  std::nth_element(scores.begin(), end, scores.end());
  scores.resize(size);
  std::sort(scores.begin(), scores.end(),
            [](const auto& a, const auto& b) { return a.second < b.second; });
  std::vector<Endpoint> chosen;
  chosen.reserve(size);
  for (const auto& [score, index] : scores) chosen.push_back(std::move(endpoints[index]));
  return chosen;
}

}  // namespace weft::cluster
