#pragma once

#include <string_view>

#include "weft/base/result.h"
#include "weft/base/status.h"
#include "weft/rpc/call/metadata.h"

/// Connect's JSON as a client reads it (connectrpc.com/docs/protocol).
namespace weft::edge {

/// The error that the body of a unary call's answer is. Where it is none, or names no code, the
/// code is that of the HTTP status, and the message what there is.
Status read_unary_error(std::string_view json, int http_status);

/// What ends a stream. An error without a code is UNKNOWN; INTERNAL for what is no such JSON.
Status read_end_stream(std::string_view json, Metadata& trailers, std::size_t limit);

}  // namespace weft::edge
