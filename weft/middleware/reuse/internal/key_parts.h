#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/rpc/call/principal.h"

namespace weft::middleware {

/// With its length, so that no two lists of parts look alike.
inline void append_part(std::string_view part, std::string& key) {
  const std::uint64_t size = part.size();
  key.append(reinterpret_cast<const char*>(&size), sizeof size);
  key.append(part);
}

/// What makes two principals the same caller.
inline void append_caller(const Principal& who, std::string& key) {
  append_part(who.scheme, key);
  append_part(who.issuer, key);
  append_part(who.subject, key);
}

}  // namespace weft::middleware
