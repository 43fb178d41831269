#pragma once

#include <cstdint>
#include <string_view>

namespace weft::cluster {

/// XXH64 (Yann Collet, "xxHash fast digest algorithm", version 0.1.1), which gRFC A42 prescribes
/// for ring_hash so that callers in every language agree.
std::uint64_t xxhash64(std::string_view data, std::uint64_t seed = 0) noexcept;

/// Of the eight bytes of `value`, the lowest first.
std::uint64_t xxhash64(std::uint64_t value) noexcept;

}  // namespace weft::cluster
