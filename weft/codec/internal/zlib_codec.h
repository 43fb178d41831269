#pragma once

#include <cstddef>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/result.h"

namespace weft::codec::internal {

/// The two wrappings of DEFLATE (RFC 1951) that gRPC uses: gzip (RFC 1952) as "gzip", zlib (RFC
/// 1950) as "deflate".
enum class ZlibFormat { Gzip, Zlib };

std::string_view name_of(ZlibFormat format) noexcept;
/// As inflateInit2() and deflateInit2() want it.
int window_bits(ZlibFormat format) noexcept;

Result<Bytes> zlib_compress(ZlibFormat format, std::string_view input);
Result<Bytes> zlib_decompress(ZlibFormat format, std::string_view input, std::size_t limit);

}  // namespace weft::codec::internal
