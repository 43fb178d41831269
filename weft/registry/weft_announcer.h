#pragma once

#include <memory>

#include "weft/cluster/resolvers/announcer.h"

namespace weft::registry {

/// `weft://host:port[,host2:port2]/service[?ttl=10s]`: enters an instance in every one of these
/// registries and keeps its lease there alive, three times in the lease's time. The registries do
/// not know of each other, so that each of them is enough for a client.
Result<std::unique_ptr<cluster::Announcer>> make_weft_announcer(net::Loop& loop,
                                                                const cluster::TargetParts& target);

}  // namespace weft::registry
