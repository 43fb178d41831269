#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace weft::http2::internal {

/// Joins text and numbers to a message. For error paths only.
template <class... Parts>
[[gnu::cold]] std::string text(const Parts&... parts) {
  std::string out;
  const auto add = [&out](const auto& part) {
    if constexpr (std::integral<std::decay_t<decltype(part)>>) {
      out += std::to_string(part);
    } else {
      out += std::string_view(part);
    }
  };
  (add(parts), ...);
  return out;
}

}  // namespace weft::http2::internal
