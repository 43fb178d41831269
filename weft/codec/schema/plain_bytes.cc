#include "weft/codec/schema/plain_bytes.h"

#include <cstdint>

#include "weft/codec/schema/wire.h"

namespace weft::codec {

bool is_plain(const MessageTable& table, std::string_view bytes) noexcept {
  if (table.oneofs() > 64 || !table.has_open_enums() || table.message_set()) return false;
  std::uint64_t oneofs = 0;
  std::uint32_t last = 0;
  for (WireReader reader(bytes); !reader.at_end();) {
    std::uint32_t number = 0;
    WireType wire{};
    if (!reader.tag(number, wire) || !reader.skip(number, wire)) return false;
    const FieldTable* field = table.by_number(number);
    if (field != nullptr && field->map) return false;
    const bool may_repeat = field != nullptr && field->repeated;
    if (number < last || (number == last && !may_repeat)) return false;
    if (field != nullptr && field->oneof >= 0) {
      const std::uint64_t bit = std::uint64_t{1} << field->oneof;
      if ((oneofs & bit) != 0) return false;
      oneofs |= bit;
    }
    last = number;
  }
  return true;
}

}  // namespace weft::codec
