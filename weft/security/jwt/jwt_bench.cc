#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/security/jwt/internal/test_tokens.h"
#include "weft/security/jwt/internal/token.h"
#include "weft/security/jwt/jwk_set.h"
#include "weft/security/jwt/jwt_authenticator.h"
#include "weft/testing/run.h"

namespace weft::security {
namespace {

const std::string kClaims =
    R"({"iss":"https://issuer","sub":"ann","aud":"orders","exp":9000000000,"padding":")" +
    std::string(300, 'x') + R"("})";

/// A call with a token of some 650 bytes, and who takes it.
struct World {
  explicit World(std::size_t remembered)
      : tokens(*JwtAuthenticator::make(
            {.issuers = {{.issuer = "https://issuer", .audiences = {"orders"}, .jwks = key.jwks()}},
             .remembered = remembered})) {
    call.request_metadata().add("authorization", "Bearer " + key.token(kClaims));
  }
  test::SigningKey key{JwtAlgorithm::ES256};
  net::SimNetwork network{1};
  net::SimLoop& loop = network.host("here");
  Call call{Call::Side::Server, loop, "/shop.Orders/Get", nullptr, nullptr};
  std::shared_ptr<JwtAuthenticator> tokens;
};

void a_remembered_token(benchmark::State& state) {
  World world(1);
  static_cast<void>(testing::run(world.loop, world.tokens->authenticate(world.call)));
  for (auto _ : state) {
    Task<Result<PrincipalRef>> found = world.tokens->authenticate(world.call);
    if (!found.done()) state.SkipWithError("the token was not remembered");
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK(a_remembered_token);

void a_new_token(benchmark::State& state) {
  World world(0);
  for (auto _ : state) {
    const Result<PrincipalRef> found =
        testing::run(world.loop, world.tokens->authenticate(world.call));
    if (!found.ok() || *found == nullptr) state.SkipWithError("the token was not taken");
  }
}
BENCHMARK(a_new_token);

/// What of it OpenSSL takes.
void the_signature_alone(benchmark::State& state) {
  const test::SigningKey key(JwtAlgorithm::ES256);
  const JwkSet keys = *JwkSet::parse(key.jwks());
  const std::string text = key.token(kClaims);
  const Result<internal::Token> token = internal::Token::parse(text);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        keys.verify(token->algorithm, token->key_id, token->signed_text, token->signature));
  }
}
BENCHMARK(the_signature_alone);

}  // namespace
}  // namespace weft::security
