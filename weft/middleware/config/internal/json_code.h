#pragma once

#include <optional>

#include "weft/base/status.h"
#include "weft/middleware/config/json_node.h"

namespace weft::middleware {

/// A status code as gRPC's configs have it: its name in any case of letters, or its number (gRFC
/// A6). Notes a problem where it is something else, or not there.
std::optional<StatusCode> code_of(const JsonNode& node);

}  // namespace weft::middleware
