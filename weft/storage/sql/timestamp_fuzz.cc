#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "weft/storage/sql/timestamp.h"

// A time that was read is written and read again as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::optional<weft::sql::Timestamp> time = weft::sql::timestamp_of(text);
  if (time && weft::sql::timestamp_of(weft::sql::to_text(*time)) != time) std::abort();
  return 0;
}
