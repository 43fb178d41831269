#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
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

/// The encodings that one side accepts. Identity (no compression) is always among them.
class CompressionSet {
 public:
  constexpr CompressionSet(std::initializer_list<Compression> members = {}) noexcept {
    for (const Compression member : members) add(member);
  }
  static constexpr CompressionSet all() noexcept {
    return {Compression::Gzip, Compression::Deflate, Compression::Zstd};
  }
  constexpr void add(Compression member) noexcept {
    bits_ = static_cast<std::uint8_t>(bits_ | 1U << static_cast<unsigned>(member));
  }
  constexpr bool contains(Compression member) const noexcept {
    return (bits_ >> static_cast<unsigned>(member) & 1U) != 0;
  }
  /// "identity, gzip": for `grpc-accept-encoding` and error messages.
  std::string_view names() const noexcept;
  friend constexpr bool operator==(CompressionSet, CompressionSet) noexcept = default;

 private:
  std::uint8_t bits_ = 1;  // one per Compression
};

namespace codec {

/// Compresses in one piece. INTERNAL if the library fails.
Result<Bytes> compress(Compression compression, std::string_view input);

/// Decompresses in one piece; stops at `limit` bytes of output with RESOURCE_EXHAUSTED that names
/// the limit, without inflating more. Broken or truncated input: INTERNAL naming the encoding.
Result<Bytes> decompress(Compression compression, std::string_view input, std::size_t limit);

/// What input may decompress to whatever its ratio.
inline constexpr std::size_t kAlwaysDecompressed = std::size_t{64} * 1024;

/// The limit for `size` bytes of input where each may become `ratio`; a ratio of 0: no limit.
constexpr std::size_t limit_by_ratio(std::size_t size, std::size_t ratio) noexcept {
  if (ratio == 0 || size > SIZE_MAX / ratio) return SIZE_MAX;
  return std::max(size * ratio, kAlwaysDecompressed);
}

}  // namespace codec
}  // namespace weft
