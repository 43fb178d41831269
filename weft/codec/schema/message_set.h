#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "weft/codec/schema/tables.h"
#include "weft/codec/schema/well_known_fields.h"

namespace weft::codec {

/// An extension in a MessageSet: group 1 { uint32 type_id = 2; bytes message = 3; }
struct MessageSetItem {
  const FieldTable* field = nullptr;  ///< null where the extension is unknown
  WireReader message{{}};             ///< at the length of its bytes
};

/// The item that a group of `table` holds. Nothing where its bytes are no message.
inline std::optional<MessageSetItem> message_set_item(const MessageTable& table,
                                                      std::string_view group) {
  std::uint64_t type = 0;
  bool has_message = false;
  MessageSetItem out;
  const bool well_formed =
      for_each_field(group, [&](std::uint32_t number, WireType wire, WireReader value) {
        if (number == 2 && wire == WireType::Varint) value.varint(type);
        if (number != 3 || wire != WireType::Bytes) return;
        out.message = value;
        has_message = true;
      });
  if (!well_formed) return std::nullopt;
  if (has_message && type <= UINT32_MAX) {
    out.field = table.tables().extension(table, static_cast<std::uint32_t>(type));
  }
  if (out.field != nullptr && !out.field->message_set_item) out.field = nullptr;
  return out;
}

/// Begins the item of `field`; its message is what is appended until end_message_set_item().
inline std::size_t begin_message_set_item(const FieldTable& field, OutputBytes& out) {
  out.put("\x0b\x10");
  out.put_varint(field.number);
  out.put('\x1a');
  return out.begin_sized();
}
inline void end_message_set_item(std::size_t begin, OutputBytes& out) {
  out.end_sized(begin);
  out.put('\x0c');
}

}  // namespace weft::codec
