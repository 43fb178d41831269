#include <cstddef>
#include <cstdint>
#include <string_view>

#include "weft/telemetry/prometheus/accept.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto format = weft::telemetry::choose_format(text);
  return weft::telemetry::content_type_of(format).empty() ? 1 : 0;
}
