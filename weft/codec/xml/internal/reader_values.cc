#include <bit>
#include <limits>

#include <google/protobuf/descriptor.h>

#include "weft/base/text/printable.h"
#include "weft/codec/schema/text/base64.h"
#include "weft/codec/schema/text/number.h"
#include "weft/codec/schema/text_check.h"
#include "weft/codec/xml/internal/characters.h"
#include "weft/codec/xml/internal/reader.h"
#include "weft/codec/xml/internal/writer.h"

namespace weft::codec::xml {
namespace {

constexpr std::size_t kLongestShown = 64;

std::string shown(std::string_view text) {
  return "'" + printable(text.substr(0, kLongestShown)) + "'";
}

template <class T>
T not_finite(std::string_view text) noexcept {
  if (text == "NaN") return std::numeric_limits<T>::quiet_NaN();
  return text.starts_with('-') ? -std::numeric_limits<T>::infinity()
                               : std::numeric_limits<T>::infinity();
}

bool is_not_finite(std::string_view text) noexcept {
  return text == "NaN" || text == "INF" || text == "-INF" || text == "+INF" || text == "Infinity" ||
         text == "-Infinity";
}

}  // namespace

bool Reader::value(const FieldTable& field, Node node) {
  if (field.kind == FieldKind::String) return string(node);
  if (field.kind == FieldKind::Bytes) return bytes(node);
  std::string_view text;
  if (!attributes(node, {}) || !this->text(node, text)) return false;
  switch (field.kind) {
    case FieldKind::Bool:
      return boolean(text, node);
    case FieldKind::Enum:
      return enumerator(field, text, node);
    case FieldKind::Double:
    case FieldKind::Float:
      return floating(field, text, node);
    default:
      return integer(field, text, node);
  }
}

bool Reader::integer(const FieldTable& field, std::string_view text, Node node) {
  Integer value;
  const IntegerFault fault = read_integer(text, value);
  if (fault == IntegerFault::NotANumber || fault == IntegerFault::NotWhole) {
    return fail(node, shown(text) + " is not a " +
                          (fault == IntegerFault::NotWhole ? "whole " : "") +
                          "number; its type is " + std::string(type_name(field.kind)));
  }
  const IntegerRange range = range_of(field.kind);
  const std::uint64_t limit =
      value.negative ? std::uint64_t{0} - static_cast<std::uint64_t>(range.least) : range.greatest;
  if (fault == IntegerFault::TooLarge || value.magnitude > limit) {
    return fail(node,
                beyond_range(field.kind, printable(text.substr(0, kLongestShown)), value.negative));
  }
  put_integer(field.kind, value.negative ? std::uint64_t{0} - value.magnitude : value.magnitude,
              out_);
  return true;
}

bool Reader::floating(const FieldTable& field, std::string_view text, Node node) {
  const bool is_float = field.kind == FieldKind::Float;
  double number = 0;
  float small = 0;
  const FloatFault fault = is_float ? read_float(text, small) : read_double(text, number);
  if (fault == FloatFault::TooLarge) {
    return fail(node, shown(text) + " is beyond " + std::string(type_name(field.kind)) +
                          ", whose greatest value is " +
                          (is_float ? "3.4028235e+38" : "1.7976931348623157e+308"));
  }
  if (fault == FloatFault::NotANumber) {
    if (!is_not_finite(text)) {
      return fail(node, shown(text) + " is not a number; its type is " +
                            std::string(type_name(field.kind)));
    }
    number = not_finite<double>(text);
    small = not_finite<float>(text);
  }
  is_float ? out_.put_fixed(std::bit_cast<std::uint32_t>(small))
           : out_.put_fixed(std::bit_cast<std::uint64_t>(number));
  return true;
}

bool Reader::boolean(std::string_view text, Node node) {
  const bool yes = text == "true" || text == "1";
  if (!yes && text != "false" && text != "0") {
    return fail(node, "expected true or false instead of " + shown(text));
  }
  out_.put(yes ? '\1' : '\0');
  return true;
}

bool Reader::enumerator(const FieldTable& field, std::string_view text, Node node) {
  if (const EnumTable::Value* known = field.enums->by_name(text)) {
    out_.put_varint(static_cast<std::uint64_t>(std::int64_t{known->number}));
    return true;
  }
  Integer number;
  const IntegerFault fault = read_integer(text, number);
  if (fault == IntegerFault::None || fault == IntegerFault::TooLarge) {
    return integer(field, text, node);
  }
  if (options_.ignore_unknown) {
    dropped_ = true;
    return true;
  }
  return fail(node, "the enum " + field.enums->type().full_name() + " has no value " + shown(text));
}

bool Reader::string(Node node) {
  bool in_base64 = false;
  if (!attributes(node, kEncoding) || !is_base64(node, in_base64)) return false;
  const std::size_t begin = out_.begin_sized();
  std::string_view text;
  if (!in_base64) {
    if (!append_text(node, out_)) return false;
  } else {
    if (!this->text(node, text) || !base64(text, node)) return false;
    if (!options_.marks && !is_text(out_.view().substr(begin))) {
      return fail(node, "the string is not UTF-8");
    }
  }
  out_.end_sized(begin);
  return true;
}

bool Reader::bytes(Node node) {
  bool unused = false;
  std::string_view text;
  if (!attributes(node, kEncoding) || !is_base64(node, unused)) return false;
  const std::size_t begin = out_.begin_sized();
  if (!this->text(node, text) || !base64(text, node)) return false;
  out_.end_sized(begin);
  return true;
}

bool Reader::base64(std::string_view text, Node node) {
  // XML Schema's base64Binary has white space anywhere, line ends above all.
  std::string compact;
  if (text.find_first_of(" \t\r\n") != std::string_view::npos) {
    for (const char c : text) {
      if (!is_white(c)) compact += c;
    }
    text = compact;
  }
  std::size_t bad = 0;
  if (read_base64(text, out_, bad)) return true;
  if (bad < text.size()) {
    return fail(node, "character " + std::to_string(bad + 1) + " of " +
                          std::to_string(text.size()) + ", " + shown(text.substr(bad, 1)) +
                          ", does not belong to base64");
  }
  return fail(node, "base64 of " + std::to_string(text.size()) +
                        " characters is cut off or has wrong padding");
}

}  // namespace weft::codec::xml
