#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weft::http2 {

/// The Huffman code for strings in header blocks (RFC 7541 section 5.2 and Appendix B).

/// Bytes that huffman_encode() writes for `text`.
std::size_t huffman_size(std::string_view text) noexcept;

/// Writes the code of `text`, padded with ones, and returns its end.
std::uint8_t* huffman_encode(std::string_view text, std::uint8_t* out) noexcept;

/// The most characters that `n` bytes can decode to: the shortest code has five bits.
constexpr std::size_t huffman_decoded_bound(std::size_t n) noexcept { return n * 8 / 5; }

struct HuffmanResult {
  char* end = nullptr;          ///< of what was written
  const char* error = nullptr;  ///< static text; null when all is well
};
/// Writes the text of `in` to `out`, which has room for huffman_decoded_bound(in.size()).
HuffmanResult huffman_decode(std::span<const std::uint8_t> in, char* out) noexcept;

}  // namespace weft::http2
