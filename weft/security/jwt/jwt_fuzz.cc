// Tokens and key sets from strangers: nothing crashes, errors are short and of their code, and no
// token passes that no key has signed.
//
// Input: a first byte; even: a token, odd: a key set.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "weft/security/jwt/internal/claims.h"
#include "weft/security/jwt/internal/token.h"
#include "weft/security/jwt/jwk_set.h"

namespace {

using namespace weft;
using namespace weft::security;

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", rule);
  std::abort();
}

void read_token(std::string_view text) {
  static const JwkSet keys = *JwkSet::parse(R"({"keys": [
      {"kty": "EC", "crv": "P-256", "kid": "a", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
       "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
      {"kty": "OKP", "crv": "Ed25519", "kid": "b",
       "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  static const std::vector<JwtIssuer> issuers{
      {.issuer = "i", .audiences = {"a"}, .roles_claim = "r.s", .claims = {"c", "d.e"}},
      {.trust_domain = "td", .audiences = {"a"}}};
  Result<internal::Token> token = internal::Token::parse(text);
  if (!token.ok()) {
    require(token.status().code() == StatusCode::Unauthenticated, "errors are UNAUTHENTICATED");
    require(token.status().message().size() < 1024, "errors are short");
    return;
  }
  require(keys.verify(token->algorithm, token->key_id, token->signed_text, token->signature) !=
              JwkSet::Verdict::Valid,
          "nobody here can sign");
  const Result<std::size_t> at = internal::issuer_of(*token, issuers);
  const Result<internal::Claimed> claimed = internal::read_claims(
      *token, issuers[at.ok() ? *at : 0], internal::WallTime(std::chrono::seconds(1'000'000)),
      std::chrono::seconds(30));
  if (claimed.ok()) {
    require(!claimed->principal.subject.empty(), "a principal has a subject");
  } else {
    require(claimed.status().message().size() < 1024, "errors of claims are short");
  }
}

void read_keys(std::string_view text) {
  const Result<JwkSet> keys = JwkSet::parse(text);
  if (keys.ok()) {
    require(keys->size() <= 100, "the number of keys is bounded");
  } else {
    require(keys.status().code() == StatusCode::InvalidArgument, "errors are INVALID_ARGUMENT");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  data[0] % 2 == 0 ? read_token(text) : read_keys(text);
  return 0;
}
