#include "weft/middleware/config/internal/json_code.h"

#include <string>
#include <string_view>

#include "weft/base/text/ascii.h"

namespace weft::middleware {
namespace {

constexpr StatusCode kLastCode = StatusCode::Unauthenticated;

}  // namespace

std::optional<StatusCode> code_of(const JsonNode& node) {
  constexpr std::string_view kExpected = "a status code: \"UNAVAILABLE\", or 14";
  if (node.present()) {
    std::optional<std::string> name = node.is_text() ? node.text() : std::nullopt;
    if (!name) {
      const auto number = node.integer(0, static_cast<std::uint64_t>(kLastCode), kExpected);
      return number ? std::optional(static_cast<StatusCode>(*number)) : std::nullopt;
    }
    for (char& c : *name) c = ascii::upper(c);
    for (int code = 0; code <= static_cast<int>(kLastCode); ++code) {
      if (name_of(static_cast<StatusCode>(code)) == *name) return static_cast<StatusCode>(code);
    }
  }
  node.expect(kExpected);
  return std::nullopt;
}

}  // namespace weft::middleware
