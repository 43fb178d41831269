#pragma once

#include <cstdint>
#include <string_view>

#include "weft/rpc/protocol/wire_protocol.h"

namespace weft::foreign {

/// What a connection of Go's net/rpc begins with.
enum class GoCodec : std::uint8_t { Json, Gob, GobOverHttp };

using FirstBytesMatch = rpc::WireProtocol::Match;

/// Whether bytes are those of Go's codec; `codec` is which, after Yes.
///
///     {                                   net/rpc/jsonrpc
///     CONNECT <http_path> HTTP/1.0 \n      gob after rpc.DialHTTP(), also with \r\n
///     length, -id, 3 1 1 7 Request        gob: the definition of rpc.Request, which comes first
FirstBytesMatch match_go(std::string_view bytes, std::string_view http_path,
                         GoCodec& codec) noexcept;

}  // namespace weft::foreign
