#include <bit>
#include <cstring>

#include "weft/base/text/ascii.h"
#include "weft/codec/json/internal/reader.h"
#include "weft/codec/json/internal/text_scan.h"
#include "weft/codec/schema/integers.h"

// What most texts are made of, as machines write it. Whatever is anything else, and all that is
// wrong, is left for the functions that tell why: nothing here fails.

namespace weft::codec::json {
namespace {

// Strings up to this length have a length of one byte.
constexpr std::size_t kLongestText = 127;
// A tag, a length, and a string with the rest of its last block; numbers are shorter.
constexpr std::size_t kPlainRoom = 5 + 1 + kLongestText + 1 + kBlock;

const char* after_white(const char* at, const char* end) noexcept {
  while (at != end && is_white(*at)) ++at;
  return at;
}

/// Whether a value of that many digits, read by eat_digits(), is a number of JSON that fits 64
/// bits.
bool is_plain(const char* digits, const char* end) noexcept {
  return end != digits && end - digits <= 18 && (*digits != '0' || end - digits == 1);
}

/// Where text and output go on. By value, because both then stay in registers.
struct Ends {
  const char* at;
  char* to;
};
constexpr Ends kNotPlain = {nullptr, nullptr};

// Each of these appends a value without its tag; kNotPlain where it is not plain, or so near to the
// end of all that a block cannot be read.

/// ASCII without escapes, up to kLongestText.
Ends put_text(const char* at, const char* end, char* to) noexcept {
  if (at == end || *at++ != '"') return kNotPlain;
  const char* const begin = at;
  char* const size = to++;
  for (; end - at >= kBlock && at - begin <= static_cast<int>(kLongestText) - kBlock + 1;
       at += kBlock, to += kBlock) {
    const int found = first_special(at, to);
    if (found == kBlock) continue;
    at += found;
    to += found;
    *size = static_cast<char>(at - begin);
    return *at == '"' ? Ends{at + 1, to} : kNotPlain;
  }
  return kNotPlain;
}

Ends put_whole(FieldKind kind, const char* at, const char* end, char* to) noexcept {
  const bool quoted = at != end && *at == '"';
  if (quoted) ++at;
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  const char* const digits = at;
  std::uint64_t value = 0;
  eat_digits(at, end, value);
  if (!is_plain(digits, at) || (quoted && (at == end || *at++ != '"'))) return kNotPlain;
  const IntegerRange range = range_of(kind);
  const std::uint64_t least = std::uint64_t{0} - static_cast<std::uint64_t>(range.least);
  if (value > (negative ? least : range.greatest)) return kNotPlain;
  return {at, put_integer_at(kind, negative ? std::uint64_t{0} - value : value, to)};
}

template <class T>
Ends put_real(const char* (*read)(const char*, const char*, T&) noexcept, const char* at,
              const char* end, char* to) noexcept {
  T value = 0;
  at = read(at, end, value);
  std::memcpy(to, &value, sizeof value);
  return {at, to + sizeof value};
}

Ends put_truth(const char* at, const char* end, char* to) noexcept {
  if (end - at < 5) return kNotPlain;
  const bool yes = std::memcmp(at, "true", 4) == 0;
  if (!yes && std::memcmp(at, "false", 5) != 0) return kNotPlain;
  *to = yes ? '\1' : '\0';
  return {at + (yes ? 4 : 5), to + 1};
}

Ends put_enum(const EnumTable& enums, const char* at, const char* end, char* to) noexcept {
  const auto* known = enums.begins(at, static_cast<std::size_t>(end - at));
  if (known != nullptr) {
    at += known->quoted.size();
  } else {
    if (at == end || *at++ != '"') return kNotPlain;
    const char* const name_end = find_special(at, end);
    if (name_end == end || *name_end != '"') return kNotPlain;
    known = enums.by_name({at, static_cast<std::size_t>(name_end - at)});
    if (known == nullptr) return kNotPlain;
    at = name_end + 1;
  }
  return {at, put_varint_at(static_cast<std::uint64_t>(std::int64_t{known->number}), to)};
}

/// Tag and value of a simple field; `to` has kPlainRoom.
inline Ends put_plain(const FieldTable& field, const char* at, const char* end, char* to) noexcept {
  std::memcpy(to, field.tag, sizeof field.tag);
  to += field.tag_size;
  switch (field.kind) {
    case FieldKind::String:
      return put_text(at, end, to);
    case FieldKind::Bool:
      return put_truth(at, end, to);
    case FieldKind::Enum:
      return put_enum(*field.enums, at, end, to);
    case FieldKind::Double:
      return put_real(quick_double, at, end, to);
    case FieldKind::Float:
      return put_real(quick_float, at, end, to);
    default:
      return put_whole(field.kind, at, end, to);
  }
}

}  // namespace

bool Reader::plain_members(const MessageTable& table, SeenFields& seen, std::uint32_t& expected) {
  const char* const text_end = end_;
  for (const char* at = at_;; at = after_white(at, text_end)) {
    at_ = at;
    const FieldTable* const field = next_field(table, expected, at, text_end);
    if (field == nullptr || !field->simple) return false;
    at = after_white(at + field->quoted_json_name.size(), text_end);
    const Ends ends = put_plain(*field, at, text_end, out_.room(kPlainRoom));
    at = ends.at;
    if (at == nullptr || at == text_end || (*at != ',' && *at != '}')) return false;
    if (field->oneof >= 0 && !seen.add_oneof(*field)) return false;
    if (!seen.add_field(*field)) return false;
    out_.set_end(ends.to);
    expected = field->index + 1;
    if (*at++ == '}') {
      at_ = at;
      return true;
    }
  }
}

bool Reader::plain_entries(const FieldTable& field) {
  const FieldTable& key = field.message().field(0);
  const FieldTable& held = field.message().field(1);
  // With marks a key may stand for bytes.
  if (!held.simple || options_.marks) return false;
  const char* const text_end = end_;
  for (const char* at = at_;; at = after_white(at, text_end)) {
    at_ = at;
    char* const to = out_.room(5 + 1 + 2 * kPlainRoom);
    std::memcpy(to, field.tag, sizeof field.tag);
    char* const size = to + field.tag_size;
    if (at == text_end || *at != '"') return false;
    Ends ends = put_plain(key, at, text_end, size + 1);
    if (ends.at == nullptr || ends.at == text_end || *ends.at != ':') return false;
    ends = put_plain(held, after_white(ends.at + 1, text_end), text_end, ends.to);
    at = ends.at;
    if (at == nullptr || at == text_end || (*at != ',' && *at != '}')) return false;
    if (ends.to - size - 1 > static_cast<int>(kLongestText)) return false;
    *size = static_cast<char>(ends.to - size - 1);
    out_.set_end(ends.to);
    if (*at++ == '}') {
      at_ = at;
      return true;
    }
  }
}

std::uint64_t Reader::plain_elements(const FieldTable& field) {
  switch (field.kind) {
    case FieldKind::Int32:
      return plain_integers(INT32_MIN, INT32_MAX,
                            [](std::uint64_t bits, char* to) { return put_varint_at(bits, to); });
    case FieldKind::UInt32:
      return plain_integers(0, UINT32_MAX,
                            [](std::uint64_t bits, char* to) { return put_varint_at(bits, to); });
    case FieldKind::Int64:
    case FieldKind::UInt64:
      // Up to 18 digits are in the range of both; uint64 has no negative ones.
      return plain_integers(field.kind == FieldKind::Int64 ? INT64_MIN : 0, INT64_MAX,
                            [](std::uint64_t bits, char* to) { return put_varint_at(bits, to); });
    case FieldKind::Double:
      return plain_doubles();
    default:
      return 0;
  }
}

template <class Put>
std::uint64_t Reader::plain_integers(std::int64_t least, std::uint64_t greatest, Put put) {
  std::uint64_t count = 0;
  const char* at = at_;
  while (true) {
    const char* digits = at;
    const bool quoted = digits != end_ && *digits == '"';
    if (quoted) ++digits;
    const bool negative = digits != end_ && *digits == '-';
    if (negative) ++digits;
    std::uint64_t value = 0;
    const char* end = digits;
    while (end != end_ && ascii::is_digit(*end) && end - digits < 18) {
      value = value * 10 + static_cast<unsigned>(*end++ - '0');
    }
    const bool plain = end != digits && (*digits != '0' || end - digits == 1);
    if (quoted && (end == end_ || *end++ != '"')) break;
    if (!plain || end == end_ || *end != ',') break;
    const std::uint64_t limit =
        negative ? std::uint64_t{0} - static_cast<std::uint64_t>(least) : greatest;
    if (value > limit) break;
    out_.set_end(put(negative ? std::uint64_t{0} - value : value, out_.room(10)));
    at = end + 1;
    while (at != end_ && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
    ++count;
  }
  at_ = at;
  return count;
}

std::uint64_t Reader::plain_doubles() {
  std::uint64_t count = 0;
  double value = 0;
  while (true) {
    const char* const end = quick_double(at_, end_, value);
    if (end == nullptr || end == end_ || *end != ',') return count;
    out_.put_fixed(std::bit_cast<std::uint64_t>(value));
    at_ = end + 1;
    white_space();
    ++count;
  }
}

}  // namespace weft::codec::json
