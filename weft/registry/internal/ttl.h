#pragma once

#include <string_view>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/cluster/resolver.h"

namespace weft::registry {

/// The time of a lease as a target asks for it, `?ttl=10s`: a whole number and ms, s or m; from 1ms
/// to 1000h. `otherwise` where the target asks for none. INVALID_ARGUMENT for anything else in the
/// query, too.
Result<Duration> ttl_of(const cluster::TargetParts& target, Duration otherwise);

}  // namespace weft::registry
