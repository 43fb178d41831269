#pragma once

#include <cstdint>

namespace weft::edge {

/// Flags of an envelope, in the byte before its length: the content is compressed; it is what ends
/// a stream of Connect (connectrpc.com/docs/protocol), or of gRPC-Web.
inline constexpr std::uint8_t kCompressed = 0x01;
inline constexpr std::uint8_t kConnectEnd = 0x02;
inline constexpr std::uint8_t kWebEnd = 0x80;

}  // namespace weft::edge
