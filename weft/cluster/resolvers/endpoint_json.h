#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/cluster/endpoints/endpoint.h"

namespace weft::cluster {

/// What reading does with a member of an object that it does not know: a file is written by hand,
/// where it is a slip; a registry's entry may be of a later version.
enum class UnknownMembers : std::uint8_t { Refuse, Ignore };

/// An endpoint as files and registries hold it, with `address` or `addresses`, the rest optional:
///
///     {"address": "10.0.0.1:50051", "addresses": ["10.0.0.1:50051", "[fd00::1]:50051"],
///      "name": "greeter-1", "weight": 2, "zone": "a", "attributes": {"version": "7"}}
///
/// or only the text of an address. INVALID_ARGUMENT names the JSON path and the value.
Result<Endpoint> endpoint_from_json(std::string_view text, UnknownMembers unknown);

/// As endpoint_from_json() reads it, in one line.
std::string to_json(const Endpoint& endpoint);

/// A list of them: `[...]` or `{"endpoints": [...]}`. Unknown members are refused.
Result<std::vector<Endpoint>> endpoints_from_json(std::string_view text);

}  // namespace weft::cluster
