#pragma once

#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/cluster/endpoints/endpoint.h"
#include "weft/registry/internal/registry_wire.h"

namespace weft::registry {

/// An address as Address::to_string() writes it. INVALID_ARGUMENT where it cannot be read, or where
/// nobody can connect to it: names, port 0, and those that mean every interface, a group, or
/// nothing. Whether others may be sent there is another question (net::scope_of()).
Result<net::Address> parse_address(std::string_view text);

/// INVALID_ARGUMENT naming the address that cannot be used.
Result<cluster::Endpoint> endpoint_of(const v1::Instance& instance);

v1::Instance instance_of(const cluster::Endpoint& endpoint, std::string id);

/// Whether a service may be called so: 1 to 255 letters, digits and `. _ - /`.
Status check_service_name(std::string_view name);

}  // namespace weft::registry
