#pragma once

#include "weft/middleware/config/json_node.h"
#include "weft/middleware/config/service_config.h"

namespace weft::middleware {

/// Reads `loadBalancingConfig` and the older `loadBalancingPolicy` of a service config.
void read_balancing(const JsonNode& root, ServiceConfig& into);

}  // namespace weft::middleware
