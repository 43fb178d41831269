#include "weft/codec/schema/wire.h"

#include <algorithm>

namespace weft::codec {

WireReader::LongVarint WireReader::long_varint(const char* at, const char* end) noexcept {
  std::uint64_t value = 0;
  if (end - at >= 8) {
    // Of up to eight bytes at once, each with seven bits; the last one has no high bit.
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t stops = ~word & 0x8080808080808080;
    if (stops != 0) {
      word &= (stops ^ (stops - 1)) & 0x7f7f7f7f7f7f7f7f;
      word = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
      word = (word & 0x00003fff00003fff) | (word & 0x3fff00003fff0000) >> 2;
      word = (word & 0x000000000fffffff) | (word & 0x0fffffff00000000) >> 4;
      return {at + std::countr_zero(stops) / 8 + 1, word};
    }
  }
  for (unsigned shift = 0; shift < 70 && at != end; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    if (shift < 64) value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return {at, value};
  }
  return {nullptr, 0};
}

const char* WireReader::skip_group(const char* at, const char* end, std::uint32_t number,
                                   int depth) noexcept {
  // Groups are counted, not entered, so that no input makes this recurse; what ends a group has to
  // have the number of what began it.
  WireReader reader({at, static_cast<std::size_t>(end - at)});
  std::uint32_t open[kMostGroups];
  depth = std::min(depth, kMostGroups);
  int groups = 0;
  WireType wire = WireType::BeginGroup;
  do {
    if (wire == WireType::BeginGroup) {
      if (groups == depth) return nullptr;
      open[groups++] = number;
    } else if (wire == WireType::EndGroup) {
      if (open[--groups] != number) return nullptr;
    } else if (!reader.skip(number, wire)) {
      return nullptr;
    }
  } while (groups != 0 && reader.tag(number, wire));
  return groups == 0 ? reader.position() : nullptr;
}

void OutputBytes::grow(std::size_t size) {
  const std::size_t held = this->size();
  if (size > SIZE_MAX / 4 - held) throw std::bad_alloc();
  const std::size_t wanted = std::max<std::size_t>({256, held + size, held * 2});
  char* const memory = static_cast<char*>(std::realloc(begin_, wanted));
  if (memory == nullptr) throw std::bad_alloc();
  begin_ = memory;
  at_ = memory + held;
  end_ = memory + wanted;
}

void OutputBytes::move_for_length(std::size_t begin, std::size_t length) {
  std::size_t more = 0;
  for (std::size_t rest = length >> 7; rest != 0; rest >>= 7) ++more;
  room(more);
  char* const value = begin_ + begin;
  std::memmove(value + more, value, length);
  at_ += more;
  char* to = value - 1;
  for (; length >= 0x80; length >>= 7) *to++ = static_cast<char>(length | 0x80);
  *to = static_cast<char>(length);
}

}  // namespace weft::codec
