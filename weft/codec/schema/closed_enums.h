#pragma once

#include <cstdint>
#include <string_view>

#include "weft/codec/schema/wire.h"

namespace weft::codec {

/// Whether the value here is a number that its closed enum does not have, or an entry with one.
/// Protobuf keeps it behind the known fields, under the number of its field.
inline bool is_number_of_no_value(const FieldTable& field, WireReader value, WireType wire) {
  if (field.map) {
    std::string_view bytes;
    const FieldTable& held = field.message().field(1);
    if (held.enums == nullptr || !held.enums->is_closed() || !value.sized(bytes)) return false;
    for (WireReader entry(bytes); !entry.at_end();) {
      std::uint32_t number = 0;
      if (!entry.tag(number, wire)) return false;
      if (number == held.number && is_number_of_no_value(held, entry, wire)) return true;
      if (!entry.skip(number, wire)) return false;
    }
    return false;
  }
  if (field.enums == nullptr || !field.enums->is_closed() || wire != WireType::Varint) return false;
  std::uint64_t number = 0;
  return value.varint(number) &&
         field.enums->by_number(static_cast<std::int32_t>(number)) == nullptr;
}

/// The same; most fields cannot have such a value.
inline bool is_unknown_enum(const FieldTable& field, const WireReader& value, WireType wire) {
  return (field.enums != nullptr || field.map) && is_number_of_no_value(field, value, wire);
}

}  // namespace weft::codec
