// Header blocks from anywhere: a decoder under the peer's control, and an encoder whose blocks must
// come back as they were.
//
// Input: a byte of limits, then blocks, each after a byte of length.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "weft/http2/hpack.h"

namespace {

using weft::http2::HeaderField;
using weft::http2::HeaderFields;
using weft::http2::HpackDecoder;
using weft::http2::HpackEncoder;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Encodes what was decoded and expects the same from another decoder.
void round_trip(HeaderFields fields, HpackEncoder& encoder, HpackDecoder& decoder) {
  std::vector<std::uint8_t> block(encoder.bound(fields));
  const std::uint8_t* end = encoder.encode(fields, block.data());
  const auto size = static_cast<std::size_t>(end - block.data());
  require(size <= block.size());
  require(decoder.decode({block.data(), size}) == HpackDecoder::Outcome::Ok);
  const HeaderFields back = decoder.fields();
  require(back.size() == fields.size());
  for (std::size_t i = 0; i < back.size(); ++i) {
    require(back[i].name == fields[i].name && back[i].value == fields[i].value);
    require(back[i].token == fields[i].token);
    require(back[i].sensitive || !fields[i].sensitive);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::span<const std::uint8_t> input(data, size);
  if (input.empty()) return 0;
  const std::size_t table_size = std::size_t{input[0]} * 64;
  input = input.subspan(1);

  HpackDecoder decoder({.table_size = table_size, .list_size = 8192});
  HpackEncoder encoder;
  HpackDecoder reader({.list_size = 8192});
  encoder.set_max_table_size(table_size % 4096);
  while (!input.empty()) {
    const std::size_t length = std::min<std::size_t>(input[0], input.size() - 1);
    const auto block = input.subspan(1, length);
    input = input.subspan(1 + length);
    const HpackDecoder::Outcome outcome = decoder.decode(block);
    if (outcome == HpackDecoder::Outcome::CompressionError) break;
    if (outcome == HpackDecoder::Outcome::Ok) round_trip(decoder.fields(), encoder, reader);
  }
  return 0;
}
