#pragma once

#include <string_view>

#include "weft/base/status.h"
#include "weft/rpc/call/metadata.h"

/// Metadata and trailers that a handler has set, before they are sent: what would break the
/// transport's rules is dropped, logged, and fails the call.
namespace weft::rpc {

/// OK, or INTERNAL where Metadata::validate() refuses the handler's `what` ("trailers").
Status drop_invalid(std::string_view path, Metadata& metadata, std::string_view what);
/// Drops it because of `why`, which it returns.
Status drop_metadata(std::string_view path, Metadata& metadata, Status why);

}  // namespace weft::rpc
