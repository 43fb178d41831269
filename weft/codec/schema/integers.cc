#include "weft/codec/schema/integers.h"

namespace weft::codec {
std::string beyond_range(FieldKind kind, std::string_view shown, bool negative) {
  const IntegerRange range = range_of(kind);
  std::string out(shown);
  out.append(" is beyond ").append(kind == FieldKind::Enum ? "an enum" : type_name(kind));
  out.append(", whose ");
  return out + (negative ? "least value is " + std::to_string(range.least)
                         : "greatest value is " + std::to_string(range.greatest));
}

IntegerRange range_of(FieldKind kind) noexcept {
  switch (kind) {
    case FieldKind::UInt32:
    case FieldKind::Fixed32:
      return {0, UINT32_MAX};
    case FieldKind::UInt64:
    case FieldKind::Fixed64:
      return {0, UINT64_MAX};
    case FieldKind::Int64:
    case FieldKind::SInt64:
    case FieldKind::SFixed64:
      return {INT64_MIN, INT64_MAX};
    default:
      return {INT32_MIN, INT32_MAX};
  }
}

void put_integer(FieldKind kind, std::uint64_t bits, OutputBytes& out) {
  switch (kind) {
    case FieldKind::SInt32:
      return out.put_varint(zigzag(static_cast<std::int32_t>(bits)));
    case FieldKind::SInt64:
      return out.put_varint(zigzag(static_cast<std::int64_t>(bits)));
    case FieldKind::Fixed32:
    case FieldKind::SFixed32:
      return out.put_fixed(static_cast<std::uint32_t>(bits));
    case FieldKind::Fixed64:
    case FieldKind::SFixed64:
      return out.put_fixed(bits);
    default:
      return out.put_varint(bits);
  }
}

}  // namespace weft::codec
