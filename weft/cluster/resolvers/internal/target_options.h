#pragma once

#include "weft/base/status.h"
#include "weft/cluster/resolvers/resolver.h"

namespace weft::cluster {

/// INVALID_ARGUMENT where `target` has a query, for schemes that have no options.
Status refuse_options(const TargetParts& target);

}  // namespace weft::cluster
