#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "weft/telemetry/otlp/internal/export_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto answer = weft::telemetry::internal::read_success(body);
  // What a collector says is bounded before a log repeats it.
  if (answer.reason.size() > 512) std::abort();
  return 0;
}
