#include <bit>
#include <cmath>
#include <limits>

#include <google/protobuf/descriptor.h>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/codec/json/internal/reader.h"
#include "weft/codec/schema/integers.h"
#include "weft/codec/schema/text/base64.h"

namespace weft::codec::json {
namespace {

constexpr std::size_t kLongestShown = 64;

}  // namespace

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
  // Whole numbers of up to 18 digits, in quotes or not; the rest is read with more care.
  const char* at = at_;
  const bool quoted = at != end_ && *at == '"';
  if (quoted) ++at;
  Integer value;
  if (at != end_ && *at == '-') {
    value.negative = true;
    ++at;
  }
  const char* const digits = at;
  while (at != end_ && ascii::is_digit(*at) && at - digits < 18) {
    value.magnitude = value.magnitude * 10 + static_cast<unsigned>(*at++ - '0');
  }
  const bool simple =
      at != digits && (*digits != '0' || at - digits == 1) && at != end_ &&
      (quoted ? *at == '"' : !ascii::is_digit(*at) && *at != '.' && *at != 'e' && *at != 'E');
  if (!simple) [[unlikely]]
    return slow_integer(field, path);
  const char* const begin = at_;
  at_ = quoted ? at + 1 : at;
  return put_integer(field, value, begin, path);
}

bool Reader::slow_integer(const FieldTable& field, const FieldPath& path) {
  const char* const at = at_;
  std::string scratch;
  std::string_view text;
  if (!number_text(field, text, scratch, path)) return false;
  Integer value;
  const std::string shown = printable(text.substr(0, kLongestShown));
  switch (read_integer(text, value)) {
    case IntegerFault::None:
      return put_integer(field, value, at, path);
    case IntegerFault::NotANumber:
      return fail(
          at, path,
          "\"" + shown + "\" is not a number; its type is " + field.descriptor->type_name());
    case IntegerFault::NotWhole:
      return fail(at, path,
                  shown + " is not a whole number; its type is " + field.descriptor->type_name());
    case IntegerFault::TooLarge:
      break;
  }
  return beyond(field, shown, value.negative, at, path);
}

bool Reader::beyond(const FieldTable& field, const std::string& shown, bool negative,
                    const char* at, const FieldPath& path) {
  return fail(at, path, beyond_range(field.kind, shown, negative));
}

bool Reader::put_integer(const FieldTable& field, Integer value, const char* at,
                         const FieldPath& path) {
  const IntegerRange range = range_of(field.kind);
  const bool fits =
      value.negative ? value.magnitude <= std::uint64_t{0} - static_cast<std::uint64_t>(range.least)
                     : value.magnitude <= range.greatest;
  if (!fits) [[unlikely]] {
    return beyond(field, (value.negative ? "-" : "") + std::to_string(value.magnitude),
                  value.negative, at, path);
  }
  const std::uint64_t bits = value.negative ? std::uint64_t{0} - value.magnitude : value.magnitude;
  codec::put_integer(field.kind, bits, out_);
  return true;
}

bool Reader::number_text(const FieldTable& field, std::string_view& text, std::string& scratch,
                         const FieldPath& path) {
  if (next() == '"') return this->text(text, scratch, path);
  const char* const end = number_end(at_, end_);
  if (end == at_)
    return expected("a number; its type is " + std::string(field.descriptor->type_name()), path);
  text = {at_, static_cast<std::size_t>(end - at_)};
  at_ = end;
  return true;
}

bool Reader::floating(const FieldTable& field, const FieldPath& path) {
  const char* const at = at_;
  double number = 0;
  float small = 0;
  const bool is_float = field.kind == FieldKind::Float;
  const char* const end = is_float ? quick_float(at, end_, small) : quick_double(at, end_, number);
  if (end != nullptr) [[likely]] {
    at_ = end;
    put_floating(is_float, number, small);
    return true;
  }
  std::string scratch;
  std::string_view text;
  const bool quoted = next() == '"';
  if (!number_text(field, text, scratch, path)) return false;
  const FloatFault fault = is_float ? read_float(text, small) : read_double(text, number);
  if (fault == FloatFault::TooLarge) {
    return fail(at, path,
                printable(text.substr(0, kLongestShown)) + " is beyond " +
                    field.descriptor->type_name() + ", whose greatest value is " +
                    (is_float ? "3.4028235e+38" : "1.7976931348623157e+308"));
  }
  if (fault == FloatFault::NotANumber) {
    const bool infinite = text == "Infinity" || text == "-Infinity";
    if (!quoted || !(infinite || text == "NaN")) {
      return fail(at, path,
                  "\"" + printable(text.substr(0, kLongestShown)) +
                      "\" is not a number; its type is " + field.descriptor->type_name());
    }
    number = infinite ? std::numeric_limits<double>::infinity()
                      : std::numeric_limits<double>::quiet_NaN();
    if (text.front() == '-') number = -number;
    small = static_cast<float>(number);
  }
  put_floating(is_float, number, small);
  return true;
}

void Reader::put_floating(bool is_float, double number, float small) {
  is_float ? out_.put_fixed(std::bit_cast<std::uint32_t>(small))
           : out_.put_fixed(std::bit_cast<std::uint64_t>(number));
}

bool Reader::boolean(const FieldPath& path) {
  if (next() != 't' && next() != 'f') return expected("true or false", path);
  const bool yes = next() == 't';
  if (!word(yes ? "true" : "false", path)) return false;
  out_.put(yes ? '\1' : '\0');
  return true;
}

bool Reader::enumerator(const FieldTable& field, const FieldPath& path) {
  if (next() == 'n' && field.enums->is_null_value()) {
    out_.put('\0');
    return word("null", path);
  }
  if (next() != '"') return integer(field, path);
  const char* const at = at_;
  std::string scratch;
  std::string_view name;
  if (!text(name, scratch, path)) return false;
  const EnumTable::Value* const known = field.enums->by_name(name);
  if (known != nullptr) [[likely]] {
    out_.put_varint(static_cast<std::uint64_t>(std::int64_t{known->number}));
    return true;
  }
  Integer number;
  if (read_integer(name, number) == IntegerFault::None) {
    return put_integer(field, number, at, path);
  }
  if (options_.ignore_unknown) {
    dropped_ = true;
    return true;
  }
  fault_.enum_type = &field.enums->type();
  fault_.unknown_name = name;
  return fail(at, path,
              "the enum " + field.enums->type().full_name() + " has no value '" +
                  printable(name.substr(0, 256)) + "'");
}

bool Reader::string(const FieldPath& path) {
  if (next() == '"') [[likely]] {
    const std::size_t begin = out_.begin_sized();
    if (!append_text(path)) return false;
    out_.end_sized(begin);
    return true;
  }
  if (options_.marks && next() == '{') {
    const std::size_t begin = out_.begin_sized();
    if (!mark("@bytes", path)) return false;
    out_.end_sized(begin);
    return true;
  }
  return expected("a string", path);
}

bool Reader::mark(std::string_view wanted, const FieldPath& path) {
  std::string scratch;
  std::string_view name;
  if (!enter(path)) return false;
  white_space();
  const char* const at = at_;
  if (next() != '"' || !text(name, scratch, path) || name != wanted) {
    return !failed() &&
           fail(at, path, "an object here has to be {\"" + std::string(wanted) + "\": ...}");
  }
  if (!colon(path) || !marked_value(path)) return false;
  white_space();
  --level_;
  return eat('}') || expected("}", path);
}

bool Reader::bytes(const FieldPath& path) {
  if (next() != '"') return expected("bytes, which are a string in base64", path);
  const char* const at = at_;
  std::string scratch;
  std::string_view text;
  if (!this->text(text, scratch, path)) return false;
  const std::size_t begin = out_.begin_sized();
  std::size_t bad = 0;
  if (!read_base64(text, out_, bad)) {
    if (bad >= text.size()) {
      return fail(at, path,
                  "base64 of " + std::to_string(text.size()) +
                      " characters is cut off or has wrong padding");
    }
    return fail(at, path,
                "character " + std::to_string(bad + 1) + " of " + std::to_string(text.size()) +
                    ", '" + printable(text.substr(bad, 1)) + "', does not belong to base64");
  }
  out_.end_sized(begin);
  return true;
}

}  // namespace weft::codec::json
