#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "weft/security/jwt/jwt_algorithm.h"

/// What tests and benchmarks of tokens sign with.
namespace weft::security::test {

/// Without padding.
std::string base64url(std::string_view bytes);

/// A key that signs tokens, as an issuer has one.
class SigningKey {
 public:
  /// ES256, RS256 and PS256, or EdDSA: of a kind that fits.
  explicit SigningKey(JwtAlgorithm algorithm, std::string id = "k1");

  /// The public key as a JSON Web Key, with more members such as `,"use":"sig"`.
  std::string jwk(std::string_view more = {}) const;
  /// {"keys":[…]} of this one.
  std::string jwks() const { return R"({"keys":[)" + jwk() + "]}"; }

  /// A token with these claims; the header has the key's "alg" and "kid".
  std::string token(std::string_view claims) const;
  /// With a header of one's own.
  std::string token(std::string_view header, std::string_view claims) const;
  const std::string& id() const noexcept { return id_; }

 private:
  std::string signature(std::string_view text) const;

  JwtAlgorithm algorithm_;
  std::string id_;
  std::shared_ptr<EVP_PKEY> key_;
};

inline constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
inline constexpr std::size_t kHalf = 32;  // of an ES256 signature
inline constexpr unsigned kRsaBits = 2048;

inline EVP_PKEY* generate(JwtAlgorithm algorithm) {
  if (algorithm == JwtAlgorithm::ES256) return EVP_EC_gen("P-256");
  if (algorithm == JwtAlgorithm::EdDSA) return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  return EVP_RSA_gen(kRsaBits);
}

inline std::string number(const EVP_PKEY& key, const char* name, std::size_t least = 0) {
  BIGNUM* value = nullptr;
  if (EVP_PKEY_get_bn_param(&key, name, &value) != 1) std::abort();
  std::string bytes(std::max<std::size_t>(static_cast<std::size_t>(BN_num_bytes(value)), least),
                    '\0');
  BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()),
               static_cast<int>(bytes.size()));
  BN_free(value);
  return base64url(bytes);
}

inline std::string raw_of(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  std::string raw(2 * kHalf, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, kHalf);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + kHalf, kHalf);
  ECDSA_SIG_free(signature);
  return raw;
}

inline std::string base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : bytes) {
    held = (held << 8) | static_cast<unsigned char>(c);
    bits += 8;
    for (; bits >= 6; bits -= 6) text.push_back(kAlphabet[(held >> (bits - 6)) & 63]);
  }
  if (bits > 0) text.push_back(kAlphabet[(held << (6 - bits)) & 63]);
  return text;
}

inline SigningKey::SigningKey(JwtAlgorithm algorithm, std::string id)
    : algorithm_(algorithm), id_(std::move(id)), key_(generate(algorithm), &EVP_PKEY_free) {
  if (key_ == nullptr) std::abort();
}

inline std::string SigningKey::jwk(std::string_view more) const {
  std::string json = R"({"kid":")" + id_ + R"(",)";
  if (algorithm_ == JwtAlgorithm::ES256) {
    json += R"("kty":"EC","crv":"P-256","x":")" + number(*key_, OSSL_PKEY_PARAM_EC_PUB_X, kHalf) +
            R"(","y":")" + number(*key_, OSSL_PKEY_PARAM_EC_PUB_Y, kHalf) + '"';
  } else if (algorithm_ == JwtAlgorithm::EdDSA) {
    std::array<unsigned char, 32> bytes{};
    std::size_t size = bytes.size();
    EVP_PKEY_get_raw_public_key(key_.get(), bytes.data(), &size);
    json += R"("kty":"OKP","crv":"Ed25519","x":")" +
            base64url({reinterpret_cast<const char*>(bytes.data()), size}) + '"';
  } else {
    json += R"("kty":"RSA","n":")" + number(*key_, OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
            number(*key_, OSSL_PKEY_PARAM_RSA_E) + '"';
  }
  return json.append(more) + "}";
}

inline std::string SigningKey::token(std::string_view claims) const {
  return token(R"({"alg":")" + std::string(name_of(algorithm_)) + R"(","kid":")" + id_ + R"("})",
               claims);
}

inline std::string SigningKey::token(std::string_view header, std::string_view claims) const {
  std::string text = base64url(header) + "." + base64url(claims);
  text += "." + base64url(signature(text));
  return text;
}

inline std::string SigningKey::signature(std::string_view text) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* parameters = nullptr;
  const EVP_MD* digest = algorithm_ == JwtAlgorithm::EdDSA ? nullptr : EVP_sha256();
  EVP_DigestSignInit(context, &parameters, digest, nullptr, key_.get());
  if (algorithm_ == JwtAlgorithm::PS256) {
    EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST);
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  EVP_DigestSign(context, nullptr, &size, bytes, text.size());
  std::string out(size, '\0');
  if (EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size, bytes,
                     text.size()) != 1) {
    std::abort();
  }
  EVP_MD_CTX_free(context);
  out.resize(size);
  return algorithm_ == JwtAlgorithm::ES256 ? raw_of(out) : out;
}

}  // namespace weft::security::test
