#include <algorithm>

#include "weft/codec/msgpack/internal/reader.h"
#include "weft/codec/msgpack/internal/value_format.h"
#include "weft/codec/schema/integers.h"

// What most messages are made of. Whatever is anything else, and all that is wrong, is left for the
// functions that tell why: nothing here fails.

namespace weft::codec::msgpack {
namespace {

// Integers for which room is made at once, 10 bytes each.
constexpr std::uint64_t kChunk = 256;
// Of the longest number with its code.
constexpr std::size_t kLongestNumber = kLongestScalar;
// Strings up to this length have a length of one byte.
constexpr std::size_t kLongestText = 127;
// A tag, a length and a string; numbers are shorter.
constexpr std::size_t kPlainRoom = 5 + 1 + kLongestText;

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
    case kUInt64: {
      const auto bits = get_big<std::uint64_t>(behind);
      if (bits > INT64_MAX) return false;
      value = static_cast<std::int64_t>(bits);
      at += 9;
      return true;
    }
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

// Each of these appends a value without its tag and returns its end; null where it is not plain, or
// too near to the end of all.

const char* put_text(const char* at, const char* end, char*& to) noexcept {
  if (at == end) return nullptr;
  const auto code = static_cast<std::uint8_t>(*at++);
  std::size_t size = code & 0x1f;
  if (code == kString8) {
    if (at == end) return nullptr;
    size = static_cast<std::uint8_t>(*at++);
  } else if ((code & 0xe0) != kFixString) {
    return nullptr;
  }
  if (size > kLongestText || static_cast<std::size_t>(end - at) < size) return nullptr;
  *to++ = static_cast<char>(size);
  to = copy_ascii({at, size}, to);
  return to == nullptr ? nullptr : at + size;
}

const char* put_whole(FieldKind kind, const char* at, const char* end, char*& to) noexcept {
  std::int64_t value = 0;
  if (static_cast<std::size_t>(end - at) >= kLongestNumber) {
    if (!quick_integer(at, value)) return nullptr;
  } else {
    // The last member is often a small number.
    if (at == end || static_cast<std::uint8_t>(*at) >= kFixMap) return nullptr;
    value = *at++;
  }
  const IntegerRange range = range_of(kind);
  if (value < range.least || (value > 0 && static_cast<std::uint64_t>(value) > range.greatest)) {
    return nullptr;
  }
  to = put_integer_at(kind, static_cast<std::uint64_t>(value), to);
  return at;
}

template <class T>
const char* put_real(Code code, const char* at, const char* end, char*& to) noexcept {
  if (static_cast<std::size_t>(end - at) <= sizeof(T) || static_cast<std::uint8_t>(*at) != code) {
    return nullptr;
  }
  const T bits = get_big<T>(at + 1);
  std::memcpy(to, &bits, sizeof bits);
  to += sizeof bits;
  return at + 1 + sizeof bits;
}

const char* put_truth(const char* at, const char* end, char*& to) noexcept {
  const auto code = at == end ? std::uint8_t{kNil} : static_cast<std::uint8_t>(*at);
  if (code != kTrue && code != kFalse) return nullptr;
  *to++ = code == kTrue ? '\1' : '\0';
  return at + 1;
}

/// Tag and value of a simple field; `to` has kPlainRoom.
inline const char* put_plain(const FieldTable& field, const char* at, const char* end,
                             char*& to) noexcept {
  std::memcpy(to, field.tag, sizeof field.tag);
  to += field.tag_size;
  switch (field.kind) {
    case FieldKind::String:
      return put_text(at, end, to);
    case FieldKind::Bool:
      return put_truth(at, end, to);
    case FieldKind::Double:
      return put_real<std::uint64_t>(kFloat64, at, end, to);
    case FieldKind::Float:
      return put_real<std::uint32_t>(kFloat32, at, end, to);
    default:
      return put_whole(field.kind, at, end, to);
  }
}

}  // namespace

std::uint64_t Reader::plain_members(const MessageTable& table, std::uint64_t count,
                                    SeenFields& seen, std::uint32_t& expected) {
  std::uint64_t done = 0;
  while (done != count && at_ != end_) {
    const FieldTable* const field = next_field(table, expected, at_, end_);
    if (field == nullptr || !field->simple) break;
    char* to = out_.room(kPlainRoom);
    const char* const at = put_plain(*field, at_ + 1 + field->json_name.size(), end_, to);
    if (at == nullptr) break;
    if (field->oneof >= 0 && !seen.add_oneof(*field)) break;
    if (!seen.add_field(*field)) break;
    out_.set_end(to);
    at_ = at;
    expected = field->index + 1;
    ++done;
  }
  return done;
}

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
    // A copy, which stays in a register.
    const char* at = at_;
    for (; done < chunk_end && end_ - at >= static_cast<std::ptrdiff_t>(kLongestNumber); ++done) {
      const char* next = at;
      std::int64_t value = 0;
      if (!quick_integer(next, value) || value < least || value > greatest) break;
      to = put_varint_at(static_cast<std::uint64_t>(value), to);
      at = next;
    }
    at_ = at;
    out_.set_end(to);
    if (done != before + kChunk) break;
  }
  return done;
}

std::uint64_t Reader::plain_doubles(std::uint64_t count) {
  count = std::min<std::uint64_t>(count, left() / kLongestNumber);
  char* to = out_.room(count * 8);
  // Copies, which stay in registers.
  const char* at = at_;
  const char* const end = at + count * kLongestNumber;
  const auto is_double = [&at](std::size_t i) {
    return static_cast<std::uint8_t>(at[i * kLongestNumber]) == kFloat64;
  };
  const auto copy = [&at, &to](std::size_t i) {
    const auto bits = get_big<std::uint64_t>(at + i * kLongestNumber + 1);
    std::memcpy(to + i * sizeof bits, &bits, sizeof bits);
  };
  // Four at a time, or the loop is half of the work.
  for (; end - at >= 4 * static_cast<std::ptrdiff_t>(kLongestNumber);
       at += 4 * kLongestNumber, to += 4 * 8) {
    if (!is_double(0) || !is_double(1) || !is_double(2) || !is_double(3)) break;
    copy(0), copy(1), copy(2), copy(3);
  }
  for (; at != end && is_double(0); at += kLongestNumber, to += 8) copy(0);
  const auto done = static_cast<std::uint64_t>(at - at_) / kLongestNumber;
  out_.set_end(to);
  at_ = at;
  return done;
}

}  // namespace weft::codec::msgpack
