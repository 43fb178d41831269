#pragma once

#include <memory>

#include "weft/cluster/resolvers/announcer.h"
#include "weft/cluster/resolvers/resolver.h"

namespace weft::registry {

/// `etcd://host:2379[,...]/prefix`: the instances whose entries lie below a prefix.
Result<std::unique_ptr<cluster::Resolver>> etcd_resolver(net::Loop& loop,
                                                         const cluster::TargetParts& target);

/// Keeps an entry below the prefix, with a lease.
Result<std::unique_ptr<cluster::Announcer>> etcd_announcer(net::Loop& loop,
                                                           const cluster::TargetParts& target);

}  // namespace weft::registry
