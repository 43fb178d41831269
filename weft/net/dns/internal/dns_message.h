#pragma once

#include <cstdint>
#include <string_view>

namespace weft::net::internal {

/// The least TTL, in seconds, of the answer section of a DNS message (RFC 1035, 4.1); 0 where the
/// message has no answers or cannot be read.
std::uint32_t least_ttl(std::string_view message) noexcept;

}  // namespace weft::net::internal
