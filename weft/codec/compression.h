#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/result.h"

namespace weft {

/// Message encodings, named as in `grpc-encoding`.
enum class Compression : std::uint8_t { Identity, Gzip, Deflate, Zstd };

/// "identity", "gzip", "deflate", "zstd".
std::string_view name_of(Compression compression) noexcept;
/// False when the name is none of these.
bool compression_of(std::string_view name, Compression& out) noexcept;
/// "identity, gzip, deflate, zstd": what we accept, for `grpc-accept-encoding` and error messages.
std::string_view accepted_compressions() noexcept;

namespace codec {

/// Compresses in one piece. INTERNAL if the library fails.
Result<Bytes> compress(Compression compression, std::string_view input);

/// Decompresses in one piece; stops at `limit` bytes of output with RESOURCE_EXHAUSTED that names
/// the limit, without inflating more. Broken or truncated input: INTERNAL naming the encoding.
Result<Bytes> decompress(Compression compression, std::string_view input, std::size_t limit);

}  // namespace codec
}  // namespace weft
