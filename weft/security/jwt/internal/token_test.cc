#include "weft/security/jwt/internal/token.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/security/jwt/internal/base64url.h"
#include "weft/security/jwt/internal/test_tokens.h"

namespace weft::security::internal {
namespace {

using test::base64url;
using ::testing::HasSubstr;

std::string token(std::string_view header, std::string_view claims = "{}") {
  return base64url(header) + "." + base64url(claims) + ".c2ln";
}
std::string problem(std::string_view text) {
  const Result<Token> parsed = Token::parse(text);
  if (parsed.ok()) return "none";
  EXPECT_EQ(parsed.status().code(), StatusCode::Unauthenticated);
  return std::string(parsed.status().message());
}

TEST(Token, TakesATokenApart) {
  const std::string text = token(
      R"({"alg":"RS256","kid":"a","typ":"application/AT+JWT","jku":"http://evil"})", R"({"x":1})");
  Result<Token> parsed = Token::parse(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->algorithm, JwtAlgorithm::RS256);
  EXPECT_EQ(parsed->key_id, "a");
  EXPECT_EQ(parsed->type, "at+jwt");
  EXPECT_EQ(parsed->signed_text, text.substr(0, text.rfind('.')));
  EXPECT_EQ(parsed->signature, "sig");
  EXPECT_TRUE(parsed->claims.root()["x"].present());
}

TEST(Token, RefusesAlgorithmsThatProveNothing) {
  for (const char* name : {"none", "None", "HS256", "es256", ""}) {
    EXPECT_THAT(problem(token(R"({"alg":")" + std::string(name) + R"("})")),
                HasSubstr("not allowed"));
  }
  EXPECT_THAT(problem(token("{}")), HasSubstr("not allowed"));
  EXPECT_THAT(problem(token(R"({"alg":["RS256"]})")), HasSubstr("no text"));
}

TEST(Token, RefusesAnotherForm) {
  for (const char* text : {"", ".", "..", "a.b", "a.b.c.d", "e30.e30.e30.e30.e30"}) {
    SCOPED_TRACE(text);
    EXPECT_NE(problem(text), "none");
  }
  const std::string whole = token(R"({"alg":"RS256"})");
  EXPECT_THAT(problem(whole + "="), HasSubstr("signature that is not base64url"));
  EXPECT_THAT(problem(whole.substr(0, whole.rfind('.') + 1)), HasSubstr("signature"));
  EXPECT_THAT(problem(" " + whole), HasSubstr("header that is not base64url"));
}

TEST(Token, RefusesHeadersThatCouldBeReadInTwoWays) {
  EXPECT_THAT(problem(token(R"({"alg":"RS256","alg":"none"})")), HasSubstr("no JSON object"));
  EXPECT_THAT(problem(token(R"({"alg":"RS256"} {})")), HasSubstr("no JSON object"));
  EXPECT_THAT(problem(token(R"(["RS256"])")), HasSubstr("no JSON object"));
  EXPECT_THAT(problem(token(R"({"alg":"RS256","crit":["b64"],"b64":false})")), HasSubstr("crit"));
  EXPECT_THAT(problem(token(R"({"alg":"RS256","crit":null})")), HasSubstr("crit"));
  EXPECT_THAT(problem(token(R"({"alg":"RS256"})", R"({"a":1,"a":2})")), HasSubstr("payload"));
}

TEST(Base64Url, ReadsOnlyItsOneForm) {
  EXPECT_EQ(read_base64url(""), "");
  EXPECT_EQ(read_base64url("Zm9vYmE"), "fooba");
  EXPECT_EQ(read_base64url("-_-_"), "\xfb\xff\xbf");
  for (const char* text : {"Z", "Zm9vYmE=", "Zm9v YmE", "Zm+v", "Zm/v", "Zh", "Zm9"}) {
    EXPECT_FALSE(read_base64url(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace weft::security::internal
