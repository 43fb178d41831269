#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "weft/net/socket/address.h"

namespace weft::cluster {

/// One instance of a service, as a resolver finds it.
struct Endpoint {
  /// Where it can be reached; of several, the first that answers is used (RFC 8305). At least one.
  /// Two endpoints with the same addresses are the same instance.
  std::vector<net::Address> addresses;
  /// Who it is beyond its address, for people: the name it registered with, a pod's name.
  std::string name{};
  /// Its share of the calls beside the others', for balancers that weigh. At least 1.
  std::uint32_t weight = 1;
  /// Where it runs (availability zone, rack), for balancers that prefer what is near.
  std::string zone{};
  /// Whatever else the registry knows of it.
  std::map<std::string, std::string> attributes{};

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// "10.0.0.1:80", "[::1]:80 (and 2 more)".
std::string to_string(const Endpoint& endpoint);

}  // namespace weft::cluster
