#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace weft::security::internal {

/// Whether `path` is one of `open`: "/pkg.Service/Method", or a method of "/pkg.Service/*".
inline bool is_open(std::string_view path, const std::vector<std::string>& open) noexcept {
  return std::any_of(open.begin(), open.end(), [path](std::string_view each) {
    if (!each.ends_with("/*")) return path == each;
    // A method's name has no slash.
    return path.starts_with(each.substr(0, each.size() - 1)) &&
           path.find('/', each.size() - 1) == std::string_view::npos;
  });
}

}  // namespace weft::security::internal
