#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "weft/http2/hpack/header.h"

namespace weft::http2 {

/// RFC 7541 Appendix A. The first entry has index 1; what lies at 0 is unused.
inline constexpr std::size_t kStaticEntries = 61;
extern const std::array<HeaderField, kStaticEntries + 1> kStaticTable;

/// The lowest index of an entry with the token's name, or 0.
extern const std::array<std::uint8_t, kTokenCount> kStaticNameOfToken;

/// The lowest index of an entry with this name, or 0. `token` is token_of(name).
std::uint32_t static_name(Token token, std::string_view name) noexcept;

/// The index of the entry with this value among those with the name of entry `first` (the lowest
/// with that name), or 0.
std::uint32_t static_exact(std::uint32_t first, std::string_view value) noexcept;

}  // namespace weft::http2
