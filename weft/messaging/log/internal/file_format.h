#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/status.h"

// What the formats of a log's files have in common.
namespace weft::messaging::stored {

/// Where a file has the version of its format, in two bytes: behind eight that say what it is.
inline constexpr std::size_t kVersionAt = 8;

/// Of a file that has its version: FAILED_PRECONDITION with both versions where it is newer than
/// what this program knows.
Status check_version(std::string_view bytes, std::uint16_t known, const std::string& path);

/// CRC-32 (zlib's) of `bytes`, behind bytes whose own is `begin`.
std::uint32_t checksum(std::string_view bytes, std::uint32_t begin = 0) noexcept;

}  // namespace weft::messaging::stored
