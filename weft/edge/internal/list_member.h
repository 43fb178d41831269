#pragma once

#include <algorithm>
#include <string_view>

#include "weft/base/text/ascii.h"

namespace weft::edge {

/// Takes the first member off the front of a list (RFC 9110 section 5.6.1).
inline std::string_view take_member(std::string_view& list) noexcept {
  const std::string_view member = list.substr(0, list.find(','));
  list.remove_prefix(std::min(list.size(), member.size() + 1));
  return ascii::trimmed(member);
}

/// Whether a request's Upgrade asks for a WebSocket, beside what else it names.
inline bool asks_for_websocket(std::string_view upgrade) noexcept {
  while (!upgrade.empty()) {
    if (ascii::equal_without_case(take_member(upgrade), "websocket")) return true;
  }
  return false;
}

}  // namespace weft::edge
