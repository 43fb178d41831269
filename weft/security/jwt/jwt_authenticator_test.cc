#include "weft/security/jwt/jwt_authenticator.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/security/jwt/internal/test_tokens.h"
#include "weft/testing/allocations.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"
#include "weft/testing/scripted_service.h"

namespace weft::security {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using WallTime = std::chrono::system_clock::time_point;

constexpr std::string_view kClaims =
    R"({"iss":"https://issuer","sub":"ann","aud":"orders","exp":1000100,"roles":["admin"]})";

class JwtAuthenticatorTest : public ::testing::Test {
 protected:
  JwtOptions options() {
    return {.issuers = {{.issuer = "https://issuer", .audiences = {"orders"}, .jwks = key_.jwks()}},
            .now = [this] { return now_; }};
  }
  void use(JwtOptions options) {
    Result<std::shared_ptr<JwtAuthenticator>> made = JwtAuthenticator::make(std::move(options));
    ASSERT_TRUE(made.ok()) << made.status();
    tokens_ = *std::move(made);
  }
  /// The outcome of a call with these values of `authorization`, through the middleware.
  Status call(std::vector<std::string> values, AuthenticationOptions options = {}) {
    testing::ScriptedService handler(std::vector{testing::Script{.reads_requests = false}});
    testing::Chain chain(
        handler, {authentication(tokens_, std::move(options)), [this](Call& call, Next next) {
                    principal_ = call.share_principal();
                    return next(call);
                  }});
    Call made(Call::Side::Server, loop_, "/shop.Orders/Get", nullptr, nullptr);
    for (const std::string& value : values) made.request_metadata().add("authorization", value);
    return testing::run(loop_, chain.serve(made));
  }
  std::string problem(std::string token) {
    const Status status = call({"Bearer " + std::move(token)});
    if (status.ok()) return "none";
    EXPECT_EQ(status.code(), StatusCode::Unauthenticated);
    return std::string(status.message());
  }
  static std::string make_problem(JwtOptions options) {
    const Result<std::shared_ptr<JwtAuthenticator>> made =
        JwtAuthenticator::make(std::move(options));
    return made.ok() ? "none" : std::string(made.status().message());
  }

  test::SigningKey key_{JwtAlgorithm::ES256};
  WallTime now_{std::chrono::seconds(1'000'000)};
  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
  std::shared_ptr<JwtAuthenticator> tokens_;
  PrincipalRef principal_;
};

TEST_F(JwtAuthenticatorTest, GivesACallItsPrincipal) {
  use(options());
  EXPECT_TRUE(call({"bearer " + key_.token(kClaims)}).ok());
  ASSERT_NE(principal_, nullptr);
  EXPECT_EQ(principal_->subject, "ann");
  EXPECT_EQ(principal_->issuer, "https://issuer");
  EXPECT_EQ(principal_->scheme, "jwt");
  EXPECT_TRUE(principal_->has_role("admin"));
}

TEST_F(JwtAuthenticatorTest, RefusesCallsWithoutOneToken) {
  use(options());
  const std::string token = key_.token(kClaims);
  EXPECT_THAT(std::string(call({}).message()), HasSubstr("no credentials"));
  EXPECT_EQ(call({"Basic " + token}).code(), StatusCode::Unauthenticated);
  EXPECT_EQ(call({"Bearer"}).code(), StatusCode::Unauthenticated);
  EXPECT_THAT(std::string(call({"Bearer " + token, "Bearer " + token}).message()),
              HasSubstr("several"));
}

TEST_F(JwtAuthenticatorTest, RefusesTokensThatProveNothing) {
  use(options());
  const test::SigningKey other(JwtAlgorithm::ES256);
  EXPECT_THAT(problem(other.token(kClaims)), HasSubstr("signature that is wrong"));
  EXPECT_THAT(problem(key_.token(R"({"alg":"none"})", kClaims)), HasSubstr("not allowed"));
  EXPECT_THAT(problem(key_.token(R"({"alg":"EdDSA"})", kClaims)), HasSubstr("for its issuer"));
  EXPECT_THAT(problem(key_.token(R"({"alg":"ES256","kid":"../../dev/null"})", kClaims)),
              HasSubstr("the key \"../../dev/null\""));
  EXPECT_THAT(problem(key_.token(R"({"iss":"https://other"})")), HasSubstr("are not taken"));
  EXPECT_THAT(problem(std::string(9000, 'a')), HasSubstr("9000 bytes; the limit is 8192"));
}

TEST_F(JwtAuthenticatorTest, RemembersATokenUntilItsEnd) {
  use(options());
  const std::string token = key_.token(kClaims);
  EXPECT_EQ(problem(token), "none");
  now_ += 129s;
  EXPECT_EQ(problem(token), "none");
  now_ += 1s;
  EXPECT_THAT(problem(token), HasSubstr("expired"));
  now_ -= 20s;
  EXPECT_EQ(problem(token), "none");
}

TEST_F(JwtAuthenticatorTest, ARememberedTokenIsNotValidBeforeItsTime) {
  use(options());
  const std::string token = key_.token(
      R"({"iss":"https://issuer","sub":"ann","aud":"orders","exp":1000100,"nbf":1000000})");
  EXPECT_EQ(problem(token), "none");
  now_ -= 31s;
  EXPECT_THAT(problem(token), HasSubstr("not valid yet"));
}

TEST_F(JwtAuthenticatorTest, ARememberedTokenAllocatesNothing) {
  use(options());
  Call made(Call::Side::Server, loop_, "/shop.Orders/Get", nullptr, nullptr);
  made.request_metadata().add("authorization", "Bearer " + key_.token(kClaims));
  static_cast<void>(testing::run(loop_, tokens_->authenticate(made)));
  const std::size_t before = testing::allocations;
  Task<Result<PrincipalRef>> asked = tokens_->authenticate(made);
  EXPECT_TRUE(asked.done());
  EXPECT_NE(*asked.result(), nullptr);
  EXPECT_EQ(testing::allocations - before, 0U);
}

TEST_F(JwtAuthenticatorTest, LetsOpenPathsPass) {
  use(options());
  EXPECT_TRUE(call({}, {.open = {"/shop.Orders/*"}}).ok());
  EXPECT_TRUE(call({}, {.open = {"/shop.Orders/Get"}}).ok());
  EXPECT_FALSE(call({}, {.open = {"/shop.Orders/Ge", "/shop.Order/*", "/shop/*", "*"}}).ok());
}

TEST_F(JwtAuthenticatorTest, ReadsKeysOfAFileAgain) {
  const testing::Folder folder;
  const std::string path = folder.write("keys.json", key_.jwks());
  JwtOptions given = options();
  given.issuers[0].jwks = {};
  given.issuers[0].jwks_file = path;
  given.loop = &loop_;
  use(std::move(given));
  const std::string token = key_.token(kClaims);
  EXPECT_EQ(problem(token), "none");
  const test::SigningKey next(JwtAlgorithm::ES256, "k2");
  folder.write("keys.json", next.jwks());
  network_.run_for(11s);
  // The unknown key leads to a fetch; the token of the old key is not remembered any more.
  EXPECT_EQ(problem(next.token(kClaims)), "none");
  EXPECT_THAT(problem(token), HasSubstr("the key \"k1\""));
  EXPECT_TRUE(tokens_->health().ok());
}

TEST_F(JwtAuthenticatorTest, SaysWhichOptionIsWrong) {
  EXPECT_THAT(make_problem({}), HasSubstr("issuers is empty"));
  const auto with = [this](auto change) {
    JwtOptions given = options();
    change(given.issuers[0]);
    return make_problem(std::move(given));
  };
  EXPECT_THAT(with([](JwtIssuer& issuer) { issuer.audiences = {}; }), HasSubstr("audiences"));
  EXPECT_THAT(with([](JwtIssuer& issuer) { issuer.algorithms = {}; }), HasSubstr("algorithms"));
  EXPECT_THAT(with([](JwtIssuer& issuer) { issuer.discover = true; }), HasSubstr("not 2"));
  EXPECT_THAT(with([](JwtIssuer& issuer) { issuer.jwks = "{"; }), HasSubstr("issuers[0].jwks: "));
  EXPECT_THAT(with([](JwtIssuer& issuer) { issuer.trust_domain = "x"; }), HasSubstr("either"));
  EXPECT_THAT(with([](JwtIssuer& issuer) {
                issuer.jwks = {};
                issuer.jwks_url = "http://issuer.example/jwks";
              }),
              HasSubstr("by https"));
  EXPECT_THAT(with([](JwtIssuer& issuer) {
                issuer.jwks = {};
                issuer.jwks_file = "/nowhere/keys.json";
              }),
              HasSubstr("jwks_file: /nowhere/keys.json: No such file"));
  EXPECT_THAT(with([](JwtIssuer& issuer) {
                issuer.issuer = {};
                issuer.trust_domain = "example.org";
              }),
              HasSubstr("issuers[0].jwks: none of its keys verifies tokens here"));
  JwtOptions skew = options();
  skew.clock_skew = 2min;
  EXPECT_THAT(make_problem(std::move(skew)), HasSubstr("clock_skew is 120s"));
}

}  // namespace
}  // namespace weft::security
