#include <algorithm>

#include "weft/codec/msgpack/internal/reader.h"

namespace weft::codec::msgpack {
namespace {

// Integers for which room is made at once, 10 bytes each.
constexpr std::uint64_t kChunk = 256;
// Of the longest number with its code.
constexpr std::size_t kLongestNumber = 9;

/// An integer of at most 63 bits and its sign; at least kLongestNumber bytes may be read.
inline bool quick_integer(const char*& at, std::int64_t& value) noexcept {
  const auto code = static_cast<std::uint8_t>(*at);
  const char* const behind = at + 1;
  switch (code) {
    case kUInt8:
      value = static_cast<std::uint8_t>(*behind);
      at += 2;
      return true;
    case kUInt16:
      value = get_big<std::uint16_t>(behind);
      at += 3;
      return true;
    case kUInt32:
      value = get_big<std::uint32_t>(behind);
      at += 5;
      return true;
    case kInt8:
      value = static_cast<std::int8_t>(*behind);
      at += 2;
      return true;
    case kInt16:
      value = static_cast<std::int16_t>(get_big<std::uint16_t>(behind));
      at += 3;
      return true;
    case kInt32:
      value = static_cast<std::int32_t>(get_big<std::uint32_t>(behind));
      at += 5;
      return true;
    case kInt64:
      value = static_cast<std::int64_t>(get_big<std::uint64_t>(behind));
      at += 9;
      return true;
    default:
      if (code >= kFixMap && code < kLeastNegativeFix) return false;
      value = static_cast<std::int8_t>(code);
      at = behind;
      return true;
  }
}

}  // namespace

std::uint64_t Reader::plain_elements(const FieldTable& field, std::uint64_t count) {
  switch (field.kind) {
    case FieldKind::Int32:
      return plain_integers(INT32_MIN, INT32_MAX, count);
    case FieldKind::UInt32:
      return plain_integers(0, UINT32_MAX, count);
    case FieldKind::Int64:
      return plain_integers(INT64_MIN, INT64_MAX, count);
    case FieldKind::UInt64:
      return plain_integers(0, INT64_MAX, count);
    case FieldKind::Double:
      return plain_doubles(count);
    default:
      return 0;
  }
}

std::uint64_t Reader::plain_integers(std::int64_t least, std::int64_t greatest,
                                     std::uint64_t count) {
  std::uint64_t done = 0;
  while (done < count) {
    const std::uint64_t chunk_end = std::min(count, done + kChunk);
    const std::uint64_t before = done;
    char* to = out_.room(kChunk * 10);
    for (; done < chunk_end && left() >= kLongestNumber; ++done) {
      const char* at = at_;
      std::int64_t value = 0;
      if (!quick_integer(at, value) || value < least || value > greatest) break;
      auto bits = static_cast<std::uint64_t>(value);
      for (; bits >= 0x80; bits >>= 7) *to++ = static_cast<char>(bits | 0x80);
      *to++ = static_cast<char>(bits);
      at_ = at;
    }
    out_.set_end(to);
    if (done != before + kChunk) break;
  }
  return done;
}

std::uint64_t Reader::plain_doubles(std::uint64_t count) {
  count = std::min<std::uint64_t>(count, left() / kLongestNumber);
  char* to = out_.room(count * 8);
  std::uint64_t done = 0;
  for (; done < count && static_cast<std::uint8_t>(*at_) == kFloat64; ++done) {
    const auto bits = get_big<std::uint64_t>(at_ + 1);
    std::memcpy(to, &bits, sizeof bits);
    to += sizeof bits;
    at_ += kLongestNumber;
  }
  out_.set_end(to);
  return done;
}

}  // namespace weft::codec::msgpack
