#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft::security::internal {

/// A hash of texts that strangers choose: with a key of its own, drawn at random, so that nobody
/// can foresee which collide. No secret is kept by it.
class TokenHash {
 public:
  TokenHash();
  std::size_t operator()(std::string_view text) const noexcept;

 private:
  std::uint64_t keys_[2];
};

}  // namespace weft::security::internal
