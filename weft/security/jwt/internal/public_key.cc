#include "weft/security/jwt/internal/public_key.h"

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "weft/base/text/text_cut.h"
#include "weft/security/jwt/internal/base64url.h"

namespace weft::security::internal {
namespace {

using middleware::JsonNode;

struct Free {
  void operator()(BIGNUM* number) const noexcept { BN_free(number); }
  void operator()(OSSL_PARAM_BLD* builder) const noexcept { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* parameters) const noexcept { OSSL_PARAM_free(parameters); }
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  void operator()(ECDSA_SIG* signature) const noexcept { ECDSA_SIG_free(signature); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

constexpr int kLeastRsaBits = 2048;
constexpr int kMostRsaBits = 8192;
constexpr std::size_t kEd25519Bytes = 32;
constexpr unsigned char kUncompressed = 4;  // of a point: SEC 1 section 2.3.3

const unsigned char* unsigned_of(std::string_view bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Owned<BIGNUM> number_of(std::string_view bytes) {
  return Owned<BIGNUM>(BN_bin2bn(unsigned_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

/// The bytes of a member in base64url.
Result<std::string> bytes_of(JsonNode jwk, std::string_view name) {
  const JsonNode member = jwk[name];
  const std::string what = "a key's \"" + std::string(name) + "\"";
  if (!member.is_text()) return invalid_argument(what + " is missing, or no text");
  std::optional<std::string> bytes = read_base64url(*member.text());
  if (!bytes || bytes->empty()) return invalid_argument(what + " is not base64url");
  return *std::move(bytes);
}

std::shared_ptr<EVP_PKEY> made_of(const char* type, OSSL_PARAM_BLD* builder) {
  const Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (parameters != nullptr && context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1) {
    static_cast<void>(
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()));
  }
  std::shared_ptr<EVP_PKEY> owned(key, &EVP_PKEY_free);
  ERR_clear_error();
  return owned;
}

/// A point that is not on its curve is not let in.
bool is_sound(EVP_PKEY& key) {
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, &key, nullptr));
  const bool sound = context != nullptr && EVP_PKEY_public_check(context.get()) == 1;
  ERR_clear_error();
  return sound;
}

const EVP_MD* digest_of(JwtAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case JwtAlgorithm::RS256:
    case JwtAlgorithm::PS256:
    case JwtAlgorithm::ES256:
      return EVP_sha256();
    case JwtAlgorithm::RS384:
    case JwtAlgorithm::PS384:
    case JwtAlgorithm::ES384:
      return EVP_sha384();
    case JwtAlgorithm::RS512:
    case JwtAlgorithm::PS512:
    case JwtAlgorithm::ES512:
      return EVP_sha512();
    case JwtAlgorithm::EdDSA:
      break;  // hashes by itself
  }
  return nullptr;
}

bool is_pss(JwtAlgorithm algorithm) noexcept {
  return algorithm == JwtAlgorithm::PS256 || algorithm == JwtAlgorithm::PS384 ||
         algorithm == JwtAlgorithm::PS512;
}

/// r and s one behind the other (RFC 7518 section 3.4), as the DER that OpenSSL reads. Empty where
/// the length is another.
std::string der_of(std::string_view raw, std::size_t half) {
  if (raw.size() != 2 * half) return {};
  const Owned<ECDSA_SIG> signature(ECDSA_SIG_new());
  Owned<BIGNUM> r = number_of(raw.substr(0, half));
  Owned<BIGNUM> s = number_of(raw.substr(half));
  if (signature == nullptr || r == nullptr || s == nullptr) return {};
  if (ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  std::string der(static_cast<std::size_t>(i2d_ECDSA_SIG(signature.get(), nullptr)), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_ECDSA_SIG(signature.get(), &out);
  return der;
}

}  // namespace

Result<PublicKey> PublicKey::read(JsonNode jwk) {
  const std::optional<std::string> type = jwk["kty"].text();
  if (!type) return invalid_argument("a key has no \"kty\"");
  if (*type == "RSA") return read_rsa(jwk);
  if (*type == "EC") return read_ec(jwk);
  if (*type == "OKP") return read_okp(jwk);
  return unimplemented("a key of the kind " + cut_text(*type) + " verifies no token here");
}

Result<PublicKey> PublicKey::read_rsa(JsonNode jwk) {
  const Result<std::string> modulus = bytes_of(jwk, "n");
  if (!modulus.ok()) return modulus.status();
  const Result<std::string> exponent = bytes_of(jwk, "e");
  if (!exponent.ok()) return exponent.status();
  const Owned<BIGNUM> n = number_of(*modulus);
  const Owned<BIGNUM> e = number_of(*exponent);
  const int bits = BN_num_bits(n.get());
  if (bits < kLeastRsaBits || bits > kMostRsaBits) {
    return invalid_argument("an RSA key has " + std::to_string(bits) + " bits; " +
                            std::to_string(kLeastRsaBits) + " to " + std::to_string(kMostRsaBits) +
                            " are allowed");
  }
  if (BN_num_bits(e.get()) > 32 || !BN_is_odd(e.get()) || BN_is_one(e.get())) {
    return invalid_argument("an RSA key's \"e\" is not an odd number from 3 to 2^32");
  }
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  std::shared_ptr<EVP_PKEY> key = made_of("RSA", builder.get());
  if (key == nullptr) return invalid_argument("an RSA key is none that OpenSSL takes");
  return PublicKey(Kind::Rsa, std::move(key));
}

Result<PublicKey> PublicKey::read_ec(JsonNode jwk) {
  struct Curve {
    std::string_view name;
    const char* group;
    std::size_t bytes;
    Kind kind;
  };
  static constexpr std::array<Curve, 3> kCurves{{{"P-256", "prime256v1", 32, Kind::P256},
                                                 {"P-384", "secp384r1", 48, Kind::P384},
                                                 {"P-521", "secp521r1", 66, Kind::P521}}};
  const std::string name = jwk["crv"].text().value_or("");
  for (const Curve& curve : kCurves) {
    if (name != curve.name) continue;
    const Result<std::string> x = bytes_of(jwk, "x");
    if (!x.ok()) return x.status();
    const Result<std::string> y = bytes_of(jwk, "y");
    if (!y.ok()) return y.status();
    if (x->size() != curve.bytes || y->size() != curve.bytes) {
      return invalid_argument("an EC key's \"x\" and \"y\" have not the " +
                              std::to_string(curve.bytes) + " bytes of " + name);
    }
    const std::string point = std::string(1, static_cast<char>(kUncompressed)) + *x + *y;
    const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.group, 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                     point.size());
    std::shared_ptr<EVP_PKEY> key = made_of("EC", builder.get());
    if (key == nullptr || !is_sound(*key)) {
      return invalid_argument("an EC key is no point of " + name);
    }
    return PublicKey(curve.kind, std::move(key));
  }
  return unimplemented("an EC key on the curve " + cut_text(name) + " verifies no token here");
}

Result<PublicKey> PublicKey::read_okp(JsonNode jwk) {
  const std::string name = jwk["crv"].text().value_or("");
  if (name != "Ed25519") {
    return unimplemented("an OKP key on the curve " + cut_text(name) + " verifies no token here");
  }
  const Result<std::string> x = bytes_of(jwk, "x");
  if (!x.ok()) return x.status();
  if (x->size() != kEd25519Bytes) return invalid_argument("an Ed25519 key has not 32 bytes");
  std::shared_ptr<EVP_PKEY> key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, unsigned_of(*x), x->size()),
      &EVP_PKEY_free);
  if (key == nullptr) return invalid_argument("an Ed25519 key is none that OpenSSL takes");
  return PublicKey(Kind::Ed25519, std::move(key));
}

bool PublicKey::fits(JwtAlgorithm algorithm) const noexcept {
  switch (algorithm) {
    case JwtAlgorithm::ES256:
      return kind_ == Kind::P256;
    case JwtAlgorithm::ES384:
      return kind_ == Kind::P384;
    case JwtAlgorithm::ES512:
      return kind_ == Kind::P521;
    case JwtAlgorithm::EdDSA:
      return kind_ == Kind::Ed25519;
    default:
      return kind_ == Kind::Rsa;
  }
}

bool PublicKey::verify(JwtAlgorithm algorithm, std::string_view text,
                       std::string_view signature) const {
  std::string der;
  if (kind_ == Kind::P256 || kind_ == Kind::P384 || kind_ == Kind::P521) {
    der = der_of(signature, kind_ == Kind::P256 ? 32 : kind_ == Kind::P384 ? 48 : 66);
    if (der.empty()) return false;
    signature = der;
  }
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // the context's
  bool right =
      context != nullptr && EVP_DigestVerifyInit(context.get(), &parameters, digest_of(algorithm),
                                                 nullptr, key_.get()) == 1;
  if (right && is_pss(algorithm)) {
    // The salt is as long as the digest (RFC 7518 section 3.5).
    right = EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1;
  }
  right = right && EVP_DigestVerify(context.get(), unsigned_of(signature), signature.size(),
                                    unsigned_of(text), text.size()) == 1;
  ERR_clear_error();
  return right;
}

}  // namespace weft::security::internal
