#pragma once

#include <memory>

#include "weft/cluster/resolvers/resolver.h"

namespace weft::registry {

/// `weft://host:port[,host2:port2]/service`: the instances of a service that a weft registry lists,
/// and every change as it happens. Of several registries one is watched, and the next when that one
/// fails. A watch that broke off resumes by its revision; until then the last list stays.
Result<std::unique_ptr<cluster::Resolver>> make_weft_resolver(net::Loop& loop,
                                                              const cluster::TargetParts& target);

}  // namespace weft::registry
