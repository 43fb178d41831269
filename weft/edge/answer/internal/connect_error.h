#pragma once

#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/edge/answer/internal/response_fields.h"
#include "weft/edge/internal/call_request.h"
#include "weft/rpc/call/metadata.h"

/// Errors as Connect writes them (connectrpc.com/docs/protocol, "Error end-stream" and "Error
/// codes").
namespace weft::edge {

/// "invalid_argument". Not for OK, which is no error.
std::string_view connect_code(StatusCode code) noexcept;
/// The HTTP status of a unary call that ends with `code`.
int http_status_of(StatusCode code) noexcept;

/// Appends `{"code": ..., "message": ..., "details": [...]}`. Details that are not a
/// google.rpc.Status are left out.
void append_error(std::string& out, const Status& status);

/// Appends what ends a stream: `{"error": ..., "metadata": {"name": ["value"]}}`.
void append_end_stream(std::string& out, const Status& status, const Metadata& trailers);

/// The fields by which a refusal of HTTP (CallRequest::http_status) says what would do.
void add_hints(const CallRequest& request, ResponseFields& fields);

}  // namespace weft::edge
