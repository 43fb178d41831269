#include "weft/telemetry/prometheus/accept.h"

#include <tuple>

#include "weft/base/text/ascii.h"
#include "weft/rpc/http/media_range.h"

namespace weft::telemetry {
namespace {

/// How much a format is wanted: by quality, then by how exactly it is named.
struct Wish {
  int quality = -1;
  int exactness = -1;
  auto key() const noexcept { return std::tie(quality, exactness); }
};

/// RFC 9110: the most exact range counts.
void consider(Wish& wish, const rpc::MediaRange& range, std::string_view type,
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
    const rpc::MediaRange range = rpc::take_media_range(accept);
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
