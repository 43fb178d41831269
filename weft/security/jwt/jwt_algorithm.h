#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weft::security {

/// How a token is signed (RFC 7518 section 3.1, RFC 8037). There is no "none", and no HMAC, whose
/// key every verifier could sign with.
enum class JwtAlgorithm : std::uint8_t {
  RS256,
  RS384,
  RS512,
  PS256,
  PS384,
  PS512,
  ES256,
  ES384,
  ES512,
  EdDSA,  ///< with Ed25519
};
inline constexpr std::size_t kJwtAlgorithms = 10;

/// "ES256", as it stands in a token's header.
std::string_view name_of(JwtAlgorithm algorithm) noexcept;
/// Nothing for names that are not above; upper and lower case differ.
std::optional<JwtAlgorithm> jwt_algorithm(std::string_view name) noexcept;

}  // namespace weft::security
