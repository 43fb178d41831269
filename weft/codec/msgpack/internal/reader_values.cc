#include <algorithm>
#include <bit>
#include <cmath>

#include <google/protobuf/descriptor.h>

#include "weft/base/text/printable.h"
#include "weft/codec/msgpack/internal/reader.h"
#include "weft/codec/schema/integers.h"
#include "weft/codec/schema/text_check.h"

namespace weft::codec::msgpack {
namespace {

constexpr std::size_t kLongestShown = 64;

constexpr bool is_in(const IntegerRange& range, Integer value) noexcept {
  return value.negative ? static_cast<std::int64_t>(value.bits) >= range.least
                        : value.bits <= range.greatest;
}

std::string shown(Integer value) {
  return value.negative ? std::to_string(static_cast<std::int64_t>(value.bits))
                        : std::to_string(value.bits);
}

/// What begins with this byte, for an error.
std::string_view kind_of(std::uint8_t code) noexcept {
  if (is_map(code)) return "a map";
  if (is_list(code)) return "a list";
  if (is_string(code)) return "a string";
  if (is_integer(code)) return "an integer";
  switch (code) {
    case kNil:
      return "nil";
    case kFalse:
    case kTrue:
      return "a boolean";
    case kFloat32:
    case kFloat64:
      return "a float";
    case kBin8:
    case kBin16:
    case kBin32:
      return "bytes";
    case kNeverUsed:
      return "byte 0xc1, which MessagePack does not use";
    default:
      return "an extension";
  }
}

}  // namespace

bool Reader::expected(std::string_view what, const FieldPath& path) {
  if (at_ == end_) return ended(path);
  return fail(at_, path,
              "expected " + std::string(what) + " instead of " + std::string(kind_of(next())));
}

bool Reader::ended(const FieldPath& path) { return fail(end_, path, "the bytes end too early"); }

bool Reader::value(const FieldTable& field, const FieldPath& path) {
  switch (field.kind) {
    case FieldKind::String:
      return string(path);
    case FieldKind::Bytes:
      return bytes(path);
    case FieldKind::Bool:
      return boolean(path);
    case FieldKind::Enum:
      return enumerator(field, path);
    case FieldKind::Double:
    case FieldKind::Float:
      return floating(field, path);
    default:
      return integer(field, path);
  }
}

bool Reader::integer(const FieldTable& field, const FieldPath& path) {
  const char* const at = at_;
  Integer value;
  if (!take_integer(value, "an integer", path)) return false;
  if (!is_in(range_of(field.kind), value)) [[unlikely]]
    return beyond(field, value, at, path);
  put_integer(field.kind, value.bits, out_);
  return true;
}

bool Reader::beyond(const FieldTable& field, Integer value, const char* at, const FieldPath& path) {
  return fail(at, path, beyond_range(field.kind, shown(value), value.negative));
}

bool Reader::floating(const FieldTable& field, const FieldPath& path) {
  const char* const at = at_;
  double number = 0;
  if (field.kind == FieldKind::Float && next() == kFloat32) {
    // As it is: a conversion would change NaNs.
    std::uint32_t bits = 0;
    if (!take_big(bits, path)) return false;
    out_.put_fixed(bits);
    return true;
  }
  if (!take_number(number, path)) return false;
  if (field.kind == FieldKind::Double) {
    out_.put_fixed(std::bit_cast<std::uint64_t>(number));
    return true;
  }
  const auto small = static_cast<float>(number);
  if (std::isinf(small) && !std::isinf(number)) {
    return fail(at, path,
                std::to_string(number) +
                    " is beyond float, whose greatest value is 3.4028234663852886e+38");
  }
  out_.put_fixed(std::bit_cast<std::uint32_t>(small));
  return true;
}

bool Reader::boolean(const FieldPath& path) {
  if (next() != kTrue && next() != kFalse) return expected("a boolean", path);
  out_.put(next() == kTrue ? '\1' : '\0');
  ++at_;
  return true;
}

bool Reader::enumerator(const FieldTable& field, const FieldPath& path) {
  const char* const at = at_;
  if (next() == kNil && field.enums->is_null_value()) {
    ++at_;
    out_.put('\0');
    return true;
  }
  if (!is_string(next())) {
    Integer number;
    if (!take_integer(number, "the number or name of an enum value", path)) return false;
    if (!is_in(range_of(field.kind), number)) return beyond(field, number, at, path);
    out_.put_varint(number.bits);
    return true;
  }
  std::string_view name;
  if (!take_text(name, "a name", path)) return false;
  if (const EnumTable::Value* known = field.enums->by_name(name)) {
    out_.put_varint(static_cast<std::uint64_t>(std::int64_t{known->number}));
    return true;
  }
  if (options_.ignore_unknown) {
    dropped_ = true;
    return true;
  }
  return fail(at, path,
              "the enum " + field.enums->type().full_name() + " has no value '" +
                  printable(name.substr(0, kLongestShown)) + "'");
}

bool Reader::string(const FieldPath& path) {
  std::string_view text;
  if (!take_text(text, "a string", path)) return false;
  out_.put_varint(text.size());
  out_.put(text);
  return true;
}

bool Reader::bytes(const FieldPath& path) {
  std::string_view taken;
  if (!take_bin(taken, "bytes", path)) return false;
  out_.put_varint(taken.size());
  out_.put(taken);
  return true;
}

// ---- the format

template <class T>
bool Reader::take_big(T& out, const FieldPath& path) {
  if (left() < 1 + sizeof(T)) return ended(path);
  out = get_big<T>(at_ + 1);
  at_ += 1 + sizeof(T);
  return true;
}

bool Reader::take_integer(Integer& out, std::string_view wanted, const FieldPath& path) {
  const std::uint8_t code = next();
  if (code < kFixMap) [[likely]] {
    out.bits = code;
    ++at_;
    return true;
  }
  if (code >= kLeastNegativeFix) {
    out = {.bits = static_cast<std::uint64_t>(std::int64_t{static_cast<std::int8_t>(code)}),
           .negative = true};
    ++at_;
    return true;
  }
  if (code < kUInt8 || code > kInt64) return expected(wanted, path);
  const std::size_t size = std::size_t{1} << (code & 3);
  if (left() < 1 + size) return ended(path);
  const bool is_signed = code >= kInt8;
  switch (size) {
    case 1: {
      const auto raw = static_cast<std::uint8_t>(at_[1]);
      out.bits =
          is_signed ? static_cast<std::uint64_t>(std::int64_t{static_cast<std::int8_t>(raw)}) : raw;
      break;
    }
    case 2: {
      const auto raw = get_big<std::uint16_t>(at_ + 1);
      out.bits = is_signed
                     ? static_cast<std::uint64_t>(std::int64_t{static_cast<std::int16_t>(raw)})
                     : raw;
      break;
    }
    case 4: {
      const auto raw = get_big<std::uint32_t>(at_ + 1);
      out.bits = is_signed
                     ? static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(raw)})
                     : raw;
      break;
    }
    default:
      out.bits = get_big<std::uint64_t>(at_ + 1);
  }
  out.negative = is_signed && static_cast<std::int64_t>(out.bits) < 0;
  at_ += 1 + size;
  return true;
}

bool Reader::take_number(double& out, const FieldPath& path) {
  if (next() == kFloat64) [[likely]] {
    std::uint64_t bits = 0;
    if (!take_big(bits, path)) return false;
    out = std::bit_cast<double>(bits);
    return true;
  }
  if (next() == kFloat32) {
    std::uint32_t bits = 0;
    if (!take_big(bits, path)) return false;
    out = std::bit_cast<float>(bits);
    return true;
  }
  Integer value;
  if (!take_integer(value, "a number", path)) return false;
  out = value.negative ? static_cast<double>(static_cast<std::int64_t>(value.bits))
                       : static_cast<double>(value.bits);
  return true;
}

bool Reader::take_bytes(std::uint64_t size, std::string_view& out, const FieldPath& path) {
  if (size > left()) {
    return fail(
        at_, path,
        std::to_string(size) + " bytes are announced and " + std::to_string(left()) + " follow");
  }
  out = {at_, static_cast<std::size_t>(size)};
  at_ += size;
  return true;
}

/// A length or count of 1, 2 or 4 bytes behind the code, by how far the code is from that of the
/// shortest.
bool Reader::take_length(int width, std::uint64_t& out, const FieldPath& path) {
  const std::size_t size = std::size_t{1} << width;
  if (left() < 1 + size) return ended(path);
  const char* const at = at_ + 1;
  out = size == 1   ? static_cast<std::uint8_t>(*at)
        : size == 2 ? get_big<std::uint16_t>(at)
                    : get_big<std::uint32_t>(at);
  at_ += 1 + size;
  return true;
}

bool Reader::take_text(std::string_view& out, std::string_view wanted, const FieldPath& path) {
  const char* const at = at_;
  const std::uint8_t code = next();
  std::uint64_t size = code & 0x1f;
  if ((code & 0xe0) == kFixString) [[likely]] {
    ++at_;
  } else if (code >= kString8 && code <= kString32) {
    if (!take_length(code - kString8, size, path)) return false;
  } else {
    return expected(wanted, path);
  }
  if (!take_bytes(size, out, path)) return false;
  return is_text(out) ||
         fail(at, path,
              "the string is not UTF-8: '" + printable(out.substr(0, kLongestShown)) + "'");
}

bool Reader::take_bin(std::string_view& out, std::string_view wanted, const FieldPath& path) {
  const std::uint8_t code = next();
  std::uint64_t size = 0;
  if (code < kBin8 || code > kBin32) return expected(wanted, path);
  if (!take_length(code - kBin8, size, path)) return false;
  return take_bytes(size, out, path);
}

/// The count of a list or map, whose codes are alike. Each element has `values_each` values of at
/// least a byte.
bool Reader::take_count(std::uint64_t& out, std::uint64_t values_each, const FieldPath& path) {
  const char* const at = at_;
  const std::uint8_t code = next();
  if (code < kFixString) [[likely]] {
    out = code & 0x0f;
    ++at_;
  } else if (!take_length(code == kArray16 || code == kMap16 ? 1 : 2, out, path)) {
    return false;
  }
  if (out * values_each <= left()) return true;
  return fail(at, path,
              std::to_string(out) + " elements are announced and " + std::to_string(left()) +
                  " bytes follow");
}

bool Reader::enter(const FieldPath& path) {
  const int limit = std::min(options_.max_depth, kDeepest);
  if (level_ >= limit) {
    return fail(at_, path,
                "maps and lists lie deeper in each other than " + std::to_string(limit) +
                    " levels, the limit");
  }
  ++level_;
  return true;
}

bool Reader::enter_map(std::uint64_t& count, std::string_view what, const FieldPath& path) {
  if (!is_map(next())) return expected(what, path);
  return enter(path) && take_count(count, 2, path);
}

bool Reader::enter_list(std::uint64_t& count, std::string_view what, const FieldPath& path) {
  if (!is_list(next())) return expected(what, path);
  return enter(path) && take_count(count, 1, path);
}

/// Counts the values that are still to come instead of recursing.
bool Reader::skip(const FieldPath& path) {
  std::uint64_t count = 0;
  for (std::uint64_t todo = 1; todo != 0; --todo) {
    const std::uint8_t code = next();
    Integer integer;
    std::string_view taken;
    double number = 0;
    bool skipped = true;
    if (is_map(code)) {
      skipped = take_count(count, 2, path);
      todo += 2 * count;
    } else if (is_list(code)) {
      skipped = take_count(count, 1, path);
      todo += count;
    } else if (is_string(code)) {
      skipped = take_text(taken, "a string", path);
    } else if (is_integer(code)) {
      skipped = take_integer(integer, "an integer", path);
    } else if (code == kFloat32 || code == kFloat64) {
      skipped = take_number(number, path);
    } else if (code >= kBin8 && code <= kBin32) {
      skipped = take_bin(taken, "bytes", path);
    } else if (code == kNil || code == kTrue || code == kFalse) {
      ++at_;
    } else {
      skipped = take_extension(taken, path);
    }
    if (!skipped) return false;
  }
  return true;
}

/// What an extension has, its type first.
bool Reader::take_extension(std::string_view& out, const FieldPath& path) {
  const std::uint8_t code = next();
  std::uint64_t size = 0;
  if (code >= kFixExt1 && code <= kFixExt16) {
    size = std::uint64_t{1} << (code - kFixExt1);
    ++at_;
  } else if (code >= kExt8 && code <= kExt32) {
    if (!take_length(code - kExt8, size, path)) return false;
  } else {
    return expected("a value", path);
  }
  return take_bytes(size + 1, out, path);
}

}  // namespace weft::codec::msgpack
