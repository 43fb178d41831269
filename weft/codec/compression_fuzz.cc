#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "weft/codec/compression.h"

// First byte: the encoding. The rest: what a peer calls compressed. Whatever it is, the output
// keeps to the limit, and what was accepted survives a round trip.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLimit = 64 * 1024;
  if (size == 0) return 0;
  const auto encoding = static_cast<weft::Compression>(data[0] % 4);
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  weft::Result<weft::Bytes> text = weft::codec::decompress(encoding, input, kLimit);
  if (!text.ok()) return 0;
  if (text->size() > kLimit) std::abort();
  weft::Result<weft::Bytes> again = weft::codec::compress(encoding, text->view());
  if (!again.ok()) std::abort();
  weft::Result<weft::Bytes> back = weft::codec::decompress(encoding, again->view(), text->size());
  if (!back.ok() || !(*back == *text)) std::abort();
  return 0;
}
