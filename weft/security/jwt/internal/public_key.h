#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/middleware/config/json_node.h"
#include "weft/security/jwt/jwt_algorithm.h"

// OpenSSL's EVP_PKEY, whose header only public_key.cc needs.
struct evp_pkey_st;

namespace weft::security::internal {

/// A key that signatures are verified with. May be used by several threads at the same time.
class PublicKey {
 public:
  /// A JSON Web Key (RFC 7517; members of RFC 7518 section 6 and RFC 8037). INVALID_ARGUMENT saying
  /// what is wrong: RSA keys have 2048 to 8192 bits, EC points lie on P-256, P-384 or P-521.
  /// UNIMPLEMENTED for kinds of keys that no JwtAlgorithm has.
  static Result<PublicKey> read(middleware::JsonNode jwk);

  /// Signatures of this kind can be verified with this kind of key.
  bool fits(JwtAlgorithm algorithm) const noexcept;
  /// Whether `signature`, as a token carries it, is this key's over `text`. Call it only where
  /// fits().
  bool verify(JwtAlgorithm algorithm, std::string_view text, std::string_view signature) const;

 private:
  enum class Kind : std::uint8_t { Rsa, P256, P384, P521, Ed25519 };
  PublicKey(Kind kind, std::shared_ptr<evp_pkey_st> key) noexcept
      : kind_(kind), key_(std::move(key)) {}

  static Result<PublicKey> read_rsa(middleware::JsonNode jwk);
  static Result<PublicKey> read_ec(middleware::JsonNode jwk);
  static Result<PublicKey> read_okp(middleware::JsonNode jwk);

  Kind kind_;
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace weft::security::internal
