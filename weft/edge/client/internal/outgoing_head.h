#pragma once

#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/edge/client/internal/edge_channel.h"
#include "weft/http1/client/request.h"
#include "weft/rpc/call/call.h"

/// What the head of a request says of its call.
namespace weft::edge {

/// How the content of a request is framed.
enum class Framing : std::uint8_t { Unary, Envelopes };

/// Of requests and of their answers: "application/connect+proto".
std::string content_type(ClientProtocol protocol, Framing framing, std::string_view format);

/// Adds the protocol's fields, deadline, metadata, trace and baggage. INVALID_ARGUMENT for metadata
/// that would be a field of the protocol.
Status add_head(const EdgeSetup& setup, const Call& call, std::string_view format, Framing framing,
                http1::Request& request);

/// What follows the path of a Connect call by GET: "?connect=v1&…".
std::string get_query(std::string_view format, std::string_view message, Compression compression);

}  // namespace weft::edge
