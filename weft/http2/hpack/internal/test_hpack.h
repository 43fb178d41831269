#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/http2/hpack/hpack.h"

/// What tests of the encoder and of the decoder share.
namespace weft::http2::test {

using List = std::vector<std::pair<std::string, std::string>>;
using Outcome = HpackDecoder::Outcome;

inline std::vector<std::uint8_t> bytes(std::string_view hex) {
  std::string digits;
  for (const char c : hex) {
    if (c != ' ') digits += c;
  }
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return out;
}

inline List list_of(const HpackDecoder& decoder) {
  List list;
  for (const HeaderField& field : decoder.fields()) list.emplace_back(field.name, field.value);
  return list;
}

inline std::vector<std::uint8_t> encode(HpackEncoder& encoder,
                                        const std::vector<HeaderField>& fields) {
  std::vector<std::uint8_t> block(encoder.bound(fields));
  const std::uint8_t* end = encoder.encode(fields, block.data());
  block.resize(static_cast<std::size_t>(end - block.data()));
  return block;
}

/// A field as an application gives it: with its token.
inline HeaderField field(std::string_view name, std::string_view value) {
  return {.name = name, .value = value, .token = token_of(name)};
}

}  // namespace weft::http2::test
