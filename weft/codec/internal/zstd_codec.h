#pragma once

#include <cstddef>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/result.h"

namespace weft::codec::internal {

/// Zstandard frames (RFC 8878).
Result<Bytes> zstd_compress(std::string_view input);
Result<Bytes> zstd_decompress(std::string_view input, std::size_t limit);

}  // namespace weft::codec::internal
