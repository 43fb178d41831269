#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weft/base/status.h"

/// Errors of Redis as a Status. The Redis error code travels in it as a google.rpc.ErrorInfo with
/// `reason` = the code ("WRONGTYPE") and `domain` = "redis". docs/reference/redis-errors.md has the
/// codes.
namespace weft::redis {

/// The code of an error that only this client makes: a connection was lost before the answer to a
/// command that may have had an effect came.
inline constexpr std::string_view kOutcomeUnknown = "OUTCOME-UNKNOWN";

/// The gRPC code for an error of the server, as it sends it: "WRONGTYPE Operation against a key
/// holding the wrong kind of value".
StatusCode code_of_error(std::string_view text) noexcept;

/// An error of the server as a Status.
[[gnu::cold]] Status error_status(std::string_view text);

/// The Redis error code of a Status; nothing where it has none.
std::optional<std::string> error_code(const Status& status);

/// A Status that no server said, with an error code of this client.
[[gnu::cold]] Status outcome_unknown(std::string_view message);

}  // namespace weft::redis
