#pragma once

#include <cstddef>
#include <string>

#include "weft/security/internal/token_hash.h"

namespace weft::security::internal {

/// TokenHash for containers that make their hash by themselves: all have one key.
struct KeyedHash {
  std::size_t operator()(const std::string& token) const noexcept {
    static const TokenHash hash;
    return hash(token);
  }
};

}  // namespace weft::security::internal
