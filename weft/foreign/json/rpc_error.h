#pragma once

#include <string>

#include "weft/base/status.h"

/// Errors of JSON-RPC 2.0 (section 5.1 of its specification).
namespace weft::foreign::rpc_error {

inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;

/// The number of a status: -32601 for UNIMPLEMENTED, -32602 for INVALID_ARGUMENT, -32603 for
/// INTERNAL; others are -32000 less the number of the code, which the specification leaves to
/// servers.
int code_of(const Status& status) noexcept;

/// Appends the object of an error, whose data have the code's name and, in base64, the status'
/// details. `code` 0: code_of().
void append(int code, const Status& status, std::string& out);

}  // namespace weft::foreign::rpc_error
