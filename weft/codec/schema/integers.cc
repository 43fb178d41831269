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

}  // namespace weft::codec
