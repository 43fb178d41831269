#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "weft/cluster/endpoints/endpoint.h"

namespace weft::cluster {

/// The `size` endpoints that this client is to use of a large fleet, in the order they were given;
/// all of them where size is 0 or not below their number.
///
/// Rendezvous hashing of client and endpoint (Thaler and Ravishankar, 1998; gRFC A68): the same
/// client gets the same subset of the same fleet, listed in any order; an endpoint that goes is
/// replaced by one other, and nothing else changes. Over many clients the calls spread as if each
/// had drawn its subset by chance.
std::vector<Endpoint> subset(std::vector<Endpoint> endpoints, std::size_t size,
                             std::string_view client_id);

}  // namespace weft::cluster
