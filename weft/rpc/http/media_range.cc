#include "weft/rpc/http/media_range.h"

#include <algorithm>

#include "weft/base/text/ascii.h"

namespace weft::rpc {
namespace {

/// Takes the part up to a separator that is not in quotes off the front.
std::string_view take_part(std::string_view& rest, char separator) noexcept {
  bool quoted = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '"') quoted = !quoted;
    if (quoted && rest[i] == '\\') ++i;
    if (quoted || i >= rest.size() || rest[i] != separator) continue;
    const std::string_view part = rest.substr(0, i);
    rest.remove_prefix(i + 1);
    return ascii::trimmed(part);
  }
  const std::string_view part = rest;
  rest = {};
  return ascii::trimmed(part);
}

std::string_view unquoted(std::string_view value) noexcept {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    return value.substr(1, value.size() - 2);
  }
  return value;
}

/// Thousandths (RFC 9110 section 12.4.2); what is no such number is 1.
int quality_of(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 1000;
  int value = text[0] == '1' ? 1000 : 0;
  if (text.size() > 1 && text[1] != '.') return 1000;
  int unit = 100;
  for (std::size_t i = 2; i < text.size(); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return 1000;
    value += (text[i] - '0') * unit;
  }
  return std::min(value, 1000);
}

}  // namespace

MediaRange take_media_range(std::string_view& list) noexcept {
  std::string_view text = take_part(list, ',');
  MediaRange range{.type = take_part(text, ';')};
  while (!text.empty()) {
    std::string_view value = take_part(text, ';');
    const std::string_view name = take_part(value, '=');
    if (ascii::equal_without_case(name, "q")) {
      range.quality = quality_of(value);
      break;  // what follows are no parameters of the type
    }
    if (ascii::equal_without_case(name, "version")) range.version = unquoted(value);
  }
  return range;
}

}  // namespace weft::rpc
