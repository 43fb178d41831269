#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weft/codec/compression.h"
#include "weft/codec/decompressor.h"

namespace {

constexpr std::size_t kLimit = 64 * 1024;

/// In pieces of `step` bytes, up to kLimit; false where it is broken or truncated.
bool decode_in_pieces(weft::Compression encoding, std::string_view input, std::size_t step,
                      std::string& text) {
  weft::codec::Decompressor decompressor(encoding);
  std::array<char, 999> room;
  while (!input.empty()) {
    std::string_view piece = input.substr(0, step);
    input.remove_prefix(piece.size());
    for (;;) {
      const weft::Result<std::size_t> made = decompressor.next(piece, room);
      if (!made.ok()) return false;
      if (*made == 0) break;
      text.append(room.data(), *made);
      if (text.size() > kLimit) return true;
    }
    if (!piece.empty()) std::abort();
  }
  return decompressor.end().ok();
}

}  // namespace

// First byte: the encoding, and how the rest is cut. The rest: what a peer calls compressed.
// Whatever it is, the output keeps to the limit, what was accepted is the same in pieces, and
// survives a round trip.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto encoding = static_cast<weft::Compression>(data[0] % 4);
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  std::string pieces;
  const bool whole = decode_in_pieces(encoding, input, data[0] / 4 + 1, pieces);
  weft::Result<weft::Bytes> text = weft::codec::decompress(encoding, input, kLimit);
  if (!text.ok()) return 0;
  if (text->size() > kLimit) std::abort();
  if (!whole || text->view() != pieces) std::abort();
  weft::Result<weft::Bytes> again = weft::codec::compress(encoding, text->view());
  if (!again.ok()) std::abort();
  weft::Result<weft::Bytes> back = weft::codec::decompress(encoding, again->view(), text->size());
  if (!back.ok() || !(*back == *text)) std::abort();
  return 0;
}
