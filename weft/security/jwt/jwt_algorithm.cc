#include "weft/security/jwt/jwt_algorithm.h"

#include <algorithm>

namespace weft::security {
namespace {

constexpr std::array<std::string_view, kJwtAlgorithms> kNames{
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"};

}  // namespace

std::string_view name_of(JwtAlgorithm algorithm) noexcept {
  return kNames[static_cast<std::size_t>(algorithm)];
}

std::optional<JwtAlgorithm> jwt_algorithm(std::string_view name) noexcept {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<JwtAlgorithm>(found - kNames.begin());
}

}  // namespace weft::security
