#pragma once

#include <cstddef>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/result.h"

namespace weft::codec::internal {

// RFC 8878 section 3.1.1.1.2: decoders should support windows of 8 MiB, encoders should not ask for
// more. It bounds what a frame header makes us allocate.
inline constexpr int kLargestZstdWindowLog = 23;

/// Zstandard frames (RFC 8878).
Result<Bytes> zstd_compress(std::string_view input);
Result<Bytes> zstd_decompress(std::string_view input, std::size_t limit);

}  // namespace weft::codec::internal
