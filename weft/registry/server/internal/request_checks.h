#pragma once

#include <cstdint>
#include <string>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/cluster/endpoints/endpoint.h"
#include "weft/net/loop/loop.h"
#include "weft/registry/internal/registry_wire.h"
#include "weft/registry/server/registry_service.h"
#include "weft/rpc/call/peer.h"

namespace weft::registry {

/// Whether an instance is within the limits: INVALID_ARGUMENT or RESOURCE_EXHAUSTED naming the
/// value, the limit and the option. Its addresses are another matter.
Status check_instance(const v1::Instance& instance, const RegistryOptions& options);

/// Whether `peer` may send others to these addresses: local ones only where it is local.
Status check_addresses(const cluster::Endpoint& endpoint, const Peer& peer, const net::Loop& loop);

/// Whom a peer stands for where limits count by client: net::client_key() of its address, else
/// where it is. At most 64 bytes.
std::string client_of(const Peer& peer);

/// The lease's time that is asked for, or why it is none.
Result<Duration> check_ttl(std::uint32_t ttl_ms, const RegistryOptions& options);

/// INVALID_ARGUMENT naming the option that is impossible.
Status check_options(const RegistryOptions& options);

}  // namespace weft::registry
