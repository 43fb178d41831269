#include "weft/storage/event/uuid.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "weft/base/text/number_text.h"

namespace weft::events {

std::string random_uuid(Rng& rng) {
  std::array<std::uint8_t, 16> bytes;
  const std::array<std::uint64_t, 2> random = {rng(), rng()};
  std::memcpy(bytes.data(), random.data(), bytes.size());
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0fU) | 0x40U);  // version 4
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3fU) | 0x80U);  // variant of RFC 4122
  std::string text;
  append_hex(text, bytes);
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) text.insert(dash, 1, '-');
  return text;
}

}  // namespace weft::events
