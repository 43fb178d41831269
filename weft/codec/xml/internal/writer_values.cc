#include <bit>
#include <cmath>
#include <type_traits>

#include <google/protobuf/descriptor.h>

#include "weft/base/text/printable.h"
#include "weft/codec/schema/text/base64.h"
#include "weft/codec/schema/text/number.h"
#include "weft/codec/xml/internal/characters.h"
#include "weft/codec/xml/internal/writer.h"

namespace weft::codec::xml {
namespace {

constexpr std::size_t kLongestShown = 64;

}  // namespace

bool Writer::scalar(const FieldTable& field, WireReader& reader, const FieldPath& path) {
  if (field.wire != WireType::Bytes) return number(field, reader) || malformed(field, path);
  std::string_view bytes;
  if (!reader.sized(bytes)) return malformed(field, path);
  if (field.kind == FieldKind::String) return string(bytes, path);
  // Base64 is how bytes are written always, so no attribute says so.
  if (bytes.empty()) return true;
  begin_text();
  put_base64(bytes, out_);
  return true;
}

bool Writer::number(const FieldTable& field, WireReader& reader) {
  std::uint64_t wide = 0;
  std::uint32_t narrow = 0;
  const bool read = field.wire == WireType::Varint    ? reader.varint(wide)
                    : field.wire == WireType::Fixed64 ? reader.fixed64(wide)
                                                      : reader.fixed32(narrow);
  if (!read) return false;
  begin_text();
  switch (field.kind) {
    case FieldKind::Double:
      floating(std::bit_cast<double>(wide));
      break;
    case FieldKind::Float:
      floating(std::bit_cast<float>(narrow));
      break;
    case FieldKind::Int32:
      integer(static_cast<std::int32_t>(wide));
      break;
    case FieldKind::UInt32:
      integer(static_cast<std::uint32_t>(wide));
      break;
    case FieldKind::SInt32:
      integer(unzigzag(static_cast<std::uint32_t>(wide)));
      break;
    case FieldKind::Fixed32:
      integer(narrow);
      break;
    case FieldKind::SFixed32:
      integer(static_cast<std::int32_t>(narrow));
      break;
    case FieldKind::SInt64:
      integer(unzigzag(wide));
      break;
    case FieldKind::UInt64:
    case FieldKind::Fixed64:
      integer(wide);
      break;
    case FieldKind::Bool:
      out_.put(wide != 0 ? "true" : "false");
      break;
    case FieldKind::Enum:
      enum_value(field, static_cast<std::int32_t>(wide));
      break;
    default:
      integer(static_cast<std::int64_t>(wide));
  }
  return true;
}

template <class T>
void Writer::integer(T value) {
  char* const to = out_.room(kLongestNumber);
  if constexpr (std::is_signed_v<T>) {
    out_.set_end(put_signed(value, to));
  } else {
    out_.set_end(put_unsigned(value, to));
  }
}

template <class T>
void Writer::floating(T value) {
  // The names of XML Schema's double (section 3.2.5) for what is not finite.
  if (std::isnan(value)) return out_.put("NaN");
  if (std::isinf(value)) return out_.put(value > 0 ? "INF" : "-INF");
  char* const to = out_.room(kLongestNumber);
  if constexpr (std::is_same_v<T, double>) {
    out_.set_end(put_double(value, to));
  } else {
    out_.set_end(put_float(value, to));
  }
}

void Writer::enum_value(const FieldTable& field, std::int32_t number) {
  const EnumTable::Value* const known =
      options_.enum_numbers ? nullptr : field.enums->by_number(number);
  if (known == nullptr) return integer(number);
  put_text(known->name, out_);
}

bool Writer::string(std::string_view text, const FieldPath& path) {
  const TextKind kind = kind_of(text);
  if (kind == TextKind::NotUtf8 && !options_.marks) {
    return fail(Fault::NotWritable,
                "the string is not UTF-8: '" + printable(text.substr(0, kLongestShown)) + "'",
                path);
  }
  if (kind == TextKind::NotUtf8 || kind == TextKind::NotXml) {
    base64(text);
    return true;
  }
  if (text.empty()) return true;
  begin_text();
  kind == TextKind::Plain ? out_.put(text) : put_text(text, out_);
  return true;
}

void Writer::default_value(const FieldTable& field) {
  if (field.wire == WireType::Bytes) return;  // an empty element
  if (field.kind == FieldKind::Enum) {
    begin_text();
    return enum_value(field, field.enums->first());
  }
  constexpr std::string_view kZeros("\0\0\0\0\0\0\0\0", 8);
  WireReader zero(kZeros);
  number(field, zero);
}

}  // namespace weft::codec::xml
