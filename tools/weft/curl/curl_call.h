#pragma once

#include <cstdint>
#include <string>

#include "weft/base/result.h"
#include "weft/coro/task.h"

#include "tools/weft/call/request_source.h"
#include "tools/weft/connection_flags.h"
#include "tools/weft/schema/schema.h"

namespace weft::cli {

/// What a command of --curl calls by.
enum class CurlForm : std::uint8_t {
  Connect,
  /// A path of google.api.http.
  Rest,
};

/// The command that makes the call which `weft call` would make, with JSON for messages. Reads all
/// requests before it answers. INVALID_ARGUMENT naming what the form cannot say; NOT_FOUND where
/// the method has no path of its own. All must outlive the task.
Task<Result<std::string>> curl_call(const ConnectionFlags& flags, const Schema& schema,
                                    const Method& method, RequestSource& requests, CurlForm form);

}  // namespace weft::cli
