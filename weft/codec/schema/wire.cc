#include "weft/codec/schema/wire.h"

#include <algorithm>

namespace weft::codec {

bool WireReader::long_varint(std::uint64_t& value) noexcept {
  std::uint64_t read = 0;
  for (unsigned shift = 0; shift < 70 && at_ != end_; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at_++);
    if (shift < 64) read |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) {
      value = read;
      return true;
    }
  }
  return false;
}

bool WireReader::skip_group(std::uint32_t number, int depth) noexcept {
  // Groups are counted, not entered, so that no input makes this recurse; what ends a group has to
  // have the number of what began it.
  std::uint32_t open[kMostGroups];
  depth = std::min(depth, kMostGroups);
  int groups = 0;
  WireType wire = WireType::BeginGroup;
  do {
    if (wire == WireType::BeginGroup) {
      if (groups == depth) return false;
      open[groups++] = number;
    } else if (wire == WireType::EndGroup) {
      if (open[--groups] != number) return false;
    } else if (!skip(number, wire)) {
      return false;
    }
  } while (groups != 0 && tag(number, wire));
  return groups == 0;
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
