#include "weft/edge/files/internal/media_type.h"

#include <array>
#include <cstddef>

#include "weft/base/text/ascii.h"

namespace weft::edge {
namespace {

struct Known {
  std::string_view ending;
  MediaType type;
};

// IANA's registry of media types; WHATWG's for scripts.
constexpr auto kKnown = std::to_array<Known>({
    {"avif", {"image/avif"}},
    {"bmp", {"image/bmp", false}},
    {"css", {"text/css; charset=utf-8", false}},
    {"csv", {"text/csv; charset=utf-8", false}},
    {"gif", {"image/gif"}},
    {"gz", {"application/gzip"}},
    {"htm", {"text/html; charset=utf-8", false}},
    {"html", {"text/html; charset=utf-8", false}},
    {"ico", {"image/vnd.microsoft.icon", false}},
    {"jpeg", {"image/jpeg"}},
    {"jpg", {"image/jpeg"}},
    {"js", {"text/javascript; charset=utf-8", false}},
    {"json", {"application/json", false}},
    {"map", {"application/json", false}},
    {"md", {"text/markdown; charset=utf-8", false}},
    {"mjs", {"text/javascript; charset=utf-8", false}},
    {"mp3", {"audio/mpeg"}},
    {"mp4", {"video/mp4"}},
    {"oga", {"audio/ogg"}},
    {"ogv", {"video/ogg"}},
    {"otf", {"font/otf", false}},
    {"pdf", {"application/pdf"}},
    {"png", {"image/png"}},
    {"proto", {"text/plain; charset=utf-8", false}},
    {"svg", {"image/svg+xml", false}},
    {"ttf", {"font/ttf", false}},
    {"txt", {"text/plain; charset=utf-8", false}},
    {"wasm", {"application/wasm", false}},
    {"wav", {"audio/wav", false}},
    {"webm", {"video/webm"}},
    {"webmanifest", {"application/manifest+json", false}},
    {"webp", {"image/webp"}},
    {"woff", {"font/woff"}},
    {"woff2", {"font/woff2"}},
    {"xml", {"application/xml", false}},
    {"zip", {"application/zip"}},
});

}  // namespace

MediaType media_type_of(std::string_view file_name) noexcept {
  const std::size_t dot = file_name.rfind('.');
  if (dot != std::string_view::npos) {
    for (const Known& known : kKnown) {
      if (ascii::equal_without_case(known.ending, file_name.substr(dot + 1))) return known.type;
    }
  }
  return {"application/octet-stream"};
}

}  // namespace weft::edge
