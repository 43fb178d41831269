#include "weft/edge/files/internal/file_name.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "weft/base/text/ascii.h"

namespace weft::edge {
namespace {

/// One part of a path, between two "/", decoded.
bool is_hidden(std::string_view part) noexcept {
  // PATH_MAX and NAME_MAX are the system's business; these are no names at all.
  constexpr std::string_view kNotInNames("/\0", 2);
  if (part.empty() || part.find_first_of(kNotInNames) != std::string_view::npos) return true;
  return part.front() == '.' && part != ".well-known";
}

}  // namespace

FileName file_name_of(std::string_view path, std::string_view root) {
  path.remove_prefix(root == "/" ? 1 : std::min(path.size(), root.size() + 1));
  FileName found{.kind = FileName::Kind::File};
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::optional<std::string> part = ascii::percent_decoded(path.substr(0, end));
    if (!part) return {.kind = FileName::Kind::Malformed};
    if (is_hidden(*part)) return {.kind = FileName::Kind::Hidden};
    if (!found.name.empty()) found.name += '/';
    found.name += *part;
    if (end == path.size()) return found;
    path.remove_prefix(end + 1);
  }
  found.kind = FileName::Kind::Folder;
  return found;
}

bool has_ending(std::string_view name) noexcept {
  return name.substr(name.rfind('/') + 1).find('.') != std::string_view::npos;
}

}  // namespace weft::edge
