#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "weft/codec/schema/wire.h"

namespace weft::codec {

/// Calls `visit(number, wire, reader)` for each field of a message; the reader is a copy and stands
/// at the value. False where the bytes are no message: some fields were visited then.
template <class Visit>
bool for_each_field(std::string_view bytes, Visit visit) {
  for (WireReader reader(bytes); !reader.at_end();) {
    std::uint32_t number = 0;
    WireType wire{};
    if (!reader.tag(number, wire)) return false;
    const WireReader value = reader;
    if (!reader.skip(number, wire)) return false;
    visit(number, wire, value);
  }
  return true;
}

/// The fields of a google.protobuf.Any.
struct AnyFields {
  std::string_view url;
  std::string_view value;
};
/// Nothing where the bytes are no message.
inline std::optional<AnyFields> any_fields(std::string_view bytes) noexcept {
  AnyFields out;
  const bool well_formed =
      for_each_field(bytes, [&](std::uint32_t number, WireType wire, WireReader value) {
        if (number == 1 && wire == WireType::Bytes) value.sized(out.url);
        if (number == 2 && wire == WireType::Bytes) value.sized(out.value);
      });
  return well_formed ? std::optional(out) : std::nullopt;
}

/// A reader at the last value of a field that does not repeat, the one that counts; `found` is
/// false where there is none. Nothing where the bytes are no message.
struct LastValue {
  bool found = false;
  WireReader reader{{}};
};
inline std::optional<LastValue> last_value(const FieldTable& field,
                                           std::string_view bytes) noexcept {
  LastValue out;
  const bool well_formed =
      for_each_field(bytes, [&](std::uint32_t number, WireType wire, const WireReader& value) {
        if (number == field.number && wire == field.wire) out = {true, value};
      });
  return well_formed ? std::optional(out) : std::nullopt;
}

}  // namespace weft::codec
