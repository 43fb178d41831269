#include "weft/security/jwt/internal/claims.h"

#include <chrono>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/security/jwt/internal/test_tokens.h"

namespace weft::security::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

const WallTime kNow(std::chrono::seconds(1'000'000));
const JwtIssuer kIssuer{.issuer = "https://issuer",
                        .audiences = {"orders", "all"},
                        .claims = {"tenant", "teams", "age"}};

Result<Claimed> read(std::string_view claims, const JwtIssuer& issuer = kIssuer,
                     std::string_view header = R"({"alg":"ES256"})") {
  const std::string text = test::base64url(header) + "." + test::base64url(claims) + ".c2ln";
  Result<Token> token = Token::parse(text);
  if (!token.ok()) return token.status();
  return read_claims(*token, issuer, kNow, 30s);
}
std::string problem(std::string_view claims, const JwtIssuer& issuer = kIssuer) {
  const Result<Claimed> claimed = read(claims, issuer);
  return claimed.ok() ? "none" : std::string(claimed.status().message());
}

TEST(Claims, BecomeAPrincipal) {
  const Result<Claimed> claimed =
      read(R"({"sub":"ann","aud":["x","orders"],"exp":1000100.5,"nbf":999999,"roles":["a","b"],
               "tenant":"t1","teams":["p","q"],"age":7})");
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  EXPECT_EQ(claimed->until, kNow + 130s + 500ms);
  EXPECT_EQ(claimed->principal.subject, "ann");
  EXPECT_EQ(claimed->principal.issuer, "https://issuer");
  EXPECT_EQ(claimed->principal.scheme, "jwt");
  EXPECT_THAT(claimed->principal.roles, ElementsAre("a", "b"));
  EXPECT_THAT(claimed->principal.claims, ElementsAre(Pair("tenant", "t1"), Pair("teams", "p"),
                                                     Pair("teams", "q"), Pair("age", "7")));
}

TEST(Claims, RolesMayBeWordsAndLieInside) {
  JwtIssuer issuer = kIssuer;
  issuer.roles_claim = "scope";
  EXPECT_THAT(
      read(R"({"sub":"a","aud":"all","exp":1000100,"scope":"r:1  w:2"})", issuer)->principal.roles,
      ElementsAre("r:1", "w:2"));
  issuer.roles_claim = "realm.roles";
  EXPECT_THAT(read(R"({"sub":"a","aud":"all","exp":1000100,"realm":{"roles":["x"]}})", issuer)
                  ->principal.roles,
              ElementsAre("x"));
}

TEST(Claims, HoldForTheTimeTheyNameAndTheSkew) {
  constexpr std::string_view kRest = R"("sub":"a","aud":"all")";
  const auto with = [&](std::string_view more) {
    return problem("{" + std::string(kRest) + "," + std::string(more) + "}");
  };
  EXPECT_EQ(with(R"("exp":999971)"), "none");
  EXPECT_THAT(with(R"("exp":999970)"), HasSubstr("expired"));
  EXPECT_EQ(with(R"("exp":1e14)"), "none");
  EXPECT_THAT(with(R"("exp":"1000100")"), HasSubstr("no time in \"exp\""));
  EXPECT_THAT(with(R"("exp":null)"), HasSubstr("no time in \"exp\""));
  EXPECT_THAT(with(R"("exp":-5)"), HasSubstr("no time in \"exp\""));
  EXPECT_EQ(with(R"("exp":1000100,"nbf":1000030)"), "none");
  EXPECT_THAT(with(R"("exp":1000100,"nbf":1000031)"), HasSubstr("not valid yet"));
  EXPECT_THAT(with(R"("exp":1000100,"nbf":[])"), HasSubstr("no time in \"nbf\""));
}

TEST(Claims, MustNameThisServerAndASubject) {
  EXPECT_THAT(problem(R"({"sub":"a","exp":1000100})"), HasSubstr("\"aud\""));
  EXPECT_THAT(problem(R"({"sub":"a","aud":"Orders","exp":1000100})"), HasSubstr("\"aud\""));
  EXPECT_THAT(problem(R"({"sub":"a","aud":"orders all","exp":1000100})"), HasSubstr("\"aud\""));
  EXPECT_THAT(problem(R"({"sub":"a","aud":{"orders":1},"exp":1000100})"), HasSubstr("\"aud\""));
  EXPECT_THAT(problem(R"({"sub":7,"aud":"all","exp":1000100})"), HasSubstr("\"sub\""));
  EXPECT_THAT(problem(R"({"aud":"all","exp":1000100})"), HasSubstr("\"sub\""));
}

TEST(Claims, MustComeInATokenOfTheType) {
  JwtIssuer issuer = kIssuer;
  issuer.type = "at+jwt";
  constexpr std::string_view kClaims = R"({"sub":"a","aud":"all","exp":1000100})";
  EXPECT_THAT(problem(kClaims, issuer), HasSubstr("not \"at+jwt\""));
  EXPECT_TRUE(read(kClaims, issuer, R"({"alg":"ES256","typ":"at+JWT"})").ok());
}

TEST(Claims, TheIssuerIsFoundByNameOrTrustDomain) {
  const std::vector<JwtIssuer> issuers{{.issuer = "https://a"}, {.trust_domain = "example.org"}};
  const auto of = [&](std::string_view claims) -> std::string {
    const std::string text =
        test::base64url(R"({"alg":"ES256"})") + "." + test::base64url(claims) + ".c2ln";
    Result<Token> token = Token::parse(text);
    const Result<std::size_t> found = issuer_of(*token, issuers);
    return found.ok() ? std::to_string(*found) : std::string(found.status().message());
  };
  EXPECT_EQ(of(R"({"iss":"https://a"})"), "0");
  EXPECT_EQ(of(R"({"sub":"spiffe://example.org/billing"})"), "1");
  EXPECT_THAT(of(R"({"sub":"spiffe://example.org"})"), HasSubstr("no \"iss\""));
  EXPECT_THAT(of(R"({"sub":"spiffe://example.org.evil/x"})"), HasSubstr("no \"iss\""));
  EXPECT_THAT(of(R"({"iss":"https://a/"})"), HasSubstr("issuer \"https://a/\""));
  EXPECT_THAT(of(R"({"iss":["https://a"]})"), HasSubstr("no \"iss\""));
}

}  // namespace
}  // namespace weft::security::internal
