#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/text/ascii.h"
#include "weft/edge/files/internal/file_name.h"
#include "weft/edge/files/internal/selection.h"

namespace {

using weft::edge::FileName;
using weft::edge::Selection;

/// Whether a name could lead out of a folder, or to what is hidden in it.
bool is_harmful(std::string_view name) {
  if (name.find('\0') != std::string_view::npos || name.starts_with('/')) return true;
  while (!name.empty()) {
    const std::string_view part = name.substr(0, name.find('/'));
    if (part.empty() || (part.front() == '.' && part != ".well-known")) return true;
    name.remove_prefix(std::min(name.size(), part.size() + 1));
  }
  return false;
}

void check_name(const std::string& path, std::string_view root) {
  const FileName found = weft::edge::file_name_of(path, root);
  const bool is_served = found.kind == FileName::Kind::File || found.kind == FileName::Kind::Folder;
  if (is_served && is_harmful(found.name)) std::abort();
}

}  // namespace

// A path and, behind a newline each, lines `name: value` of a request.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string path(text.substr(0, text.find('\n')));
  check_name("/" + path, "/");
  check_name("/app/" + path, "/app");
  check_name("/app", "/app");
  text.remove_prefix(std::min(size, path.size() + 1));
  std::vector<weft::rpc::HttpField> fields;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    fields.push_back({line.substr(0, colon), weft::ascii::trimmed(line.substr(colon + 1))});
  }
  const weft::rpc::HttpHead head{
      .method = "GET", .scheme = {}, .authority = {}, .path = path, .fields = fields};
  static_cast<void>(weft::edge::accepts_gzip(head));
  constexpr std::uint64_t kSize = 1000;
  const Selection part = weft::edge::select(
      head, {.etag = "\"1\"", .modified = "Sun, 06 Nov 1994 08:49:37 GMT", .size = kSize});
  const bool is_part = part.answer == Selection::Answer::Part;
  if (is_part && (part.size == 0 || part.first >= kSize || part.size > kSize - part.first)) {
    std::abort();
  }
  return 0;
}
