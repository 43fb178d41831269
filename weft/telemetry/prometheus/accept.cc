#include "weft/telemetry/prometheus/accept.h"

#include <algorithm>
#include <tuple>

#include "weft/base/ascii.h"

namespace weft::telemetry {
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

struct MediaRange {
  std::string_view type;
  std::string_view version{};
  int quality = 1000;
};

MediaRange range_of(std::string_view text) noexcept {
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

/// How much a format is wanted: by quality, then by how exactly it is named.
struct Wish {
  int quality = -1;
  int exactness = -1;
  auto key() const noexcept { return std::tie(quality, exactness); }
};

/// RFC 9110: the most exact range counts.
void consider(Wish& wish, const MediaRange& range, std::string_view type,
              std::string_view version) noexcept {
  int exactness = -1;
  if (range.type == "*/*") {
    exactness = 0;
  } else if (range.type.ends_with("/*") &&
             type.starts_with(range.type.substr(0, range.type.size() - 1))) {
    exactness = 1;
  } else if (ascii::equal_without_case(range.type, type) &&
             (range.version.empty() || range.version == version)) {
    exactness = range.version.empty() ? 2 : 3;
  }
  if (exactness > wish.exactness) wish = {.quality = range.quality, .exactness = exactness};
}

}  // namespace

TextFormat choose_format(std::string_view accept) noexcept {
  Wish text;
  Wish open;
  while (!accept.empty()) {
    const MediaRange range = range_of(take_part(accept, ','));
    consider(text, range, "text/plain", "0.0.4");
    consider(open, range, "application/openmetrics-text", "1.0.0");
  }
  if (open.quality <= 0) return TextFormat::Prometheus;
  // Nobody who takes anything has OpenMetrics in mind.
  if (open.exactness < 2 && text.quality > 0) return TextFormat::Prometheus;
  return text.key() > open.key() ? TextFormat::Prometheus : TextFormat::OpenMetrics;
}

std::string_view content_type_of(TextFormat format) noexcept {
  return format == TextFormat::OpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace weft::telemetry
