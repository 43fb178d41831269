#pragma once

#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/rpc/call/service.h"

namespace weft::middleware {

/// INVALID_ARGUMENT "RateLimitOptions::rate: -1: must be more than 0".
Status impossible(std::string_view option, std::string_view value, std::string_view expected);
Status impossible(std::string_view option, double value, std::string_view expected);

/// What a policy's factory returns where its options cannot be followed: every call is told why, as
/// a channel does whose TLS options are wrong, and the log is told at once. As FAILED_PRECONDITION:
/// the argument that is invalid is not the caller's.
Middleware unusable(Status why);

}  // namespace weft::middleware
