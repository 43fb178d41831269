#include "weft/middleware/attempts/internal/pushback.h"

#include <charconv>
#include <cstdint>

namespace weft::middleware {

Pushback pushback_of(const Metadata& trailers) {
  const std::optional<std::string_view> text = trailers.get("grpc-retry-pushback-ms");
  if (!text) return {};
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < 0) {
    return {.stop = true, .pause = {}};
  }
  return {.stop = false, .pause = std::chrono::milliseconds(value)};
}

}  // namespace weft::middleware
