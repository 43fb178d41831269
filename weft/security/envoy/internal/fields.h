#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/rpc/call/metadata.h"

// Metadata that a service outside wants calls to have. What no call can have, and what is gRPC's
// own or binary, is passed over, which the log says once for each name.
namespace weft::security::internal {

enum class Put : std::uint8_t { Added, Replaced };
void put_field(Metadata& to, std::string_view name, std::string_view value, Put how);
void remove_field(Metadata& from, std::string_view name);

}  // namespace weft::security::internal
