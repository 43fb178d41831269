#pragma once

#include <optional>
#include <string_view>

#include "weft/middleware/config/json_node.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/service.h"

namespace weft::middleware {

/// Whether there is a policy of that name.
bool is_policy(std::string_view name);
/// Their names, for people.
std::string policy_names();
/// Makes the policy of that name, of which there is one, with the options in `node`; nothing, and
/// problems noted, where they cannot be followed.
std::optional<Middleware> policy_of(std::string_view name, const JsonNode& node,
                                    PolicyObserver* observer);

}  // namespace weft::middleware
