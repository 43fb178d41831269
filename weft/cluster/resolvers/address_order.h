#pragma once

#include <vector>

#include "weft/base/rng.h"
#include "weft/net/socket/address.h"

namespace weft::cluster {

/// The order in which addresses of one server are tried, after RFC 8305 section 4 (with a First
/// Address Family Count of 1) and gRFC A61: families take turns, beginning with that of the first
/// address; within a family the order stays. Duplicates go.
std::vector<net::Address> in_connecting_order(std::vector<net::Address> addresses);

/// Puts them in random order; to be done before in_connecting_order().
void shuffle(std::vector<net::Address>& addresses, Rng& rng);

}  // namespace weft::cluster
