#include "weft/security/jwt/jwk_set.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/security/jwt/internal/test_tokens.h"
#include "weft/security/jwt/internal/token.h"

namespace weft::security {
namespace {

using ::testing::HasSubstr;
using Verdict = JwkSet::Verdict;

Verdict verdict(const JwkSet& keys, std::string_view text) {
  const Result<internal::Token> token = internal::Token::parse(text);
  EXPECT_TRUE(token.ok()) << token.status();
  return keys.verify(token->algorithm, token->key_id, token->signed_text, token->signature);
}

std::string problem(std::string_view json) {
  const Result<JwkSet> keys = JwkSet::parse(json);
  return keys.ok() ? "none" : std::string(keys.status().message());
}

TEST(JwkSet, VerifiesTheExampleOfRfc7515WithEs256) {
  // RFC 7515 appendix A.3.
  const Result<JwkSet> keys = JwkSet::parse(R"({"keys": [{"kty": "EC", "crv": "P-256",
      "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})");
  ASSERT_TRUE(keys.ok()) << keys.status();
  const std::string token =
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
      "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djx"
      "La8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
  EXPECT_EQ(verdict(*keys, token), Verdict::Valid);
}

TEST(JwkSet, VerifiesTheExampleOfRfc8037WithEd25519) {
  // RFC 8037 appendix A.4; its payload is no JSON, so it is taken apart by hand.
  const Result<JwkSet> keys = JwkSet::parse(R"({"keys": [{"kty": "OKP", "crv": "Ed25519",
      "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  ASSERT_TRUE(keys.ok()) << keys.status();
  const std::string text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
  std::string signature =
      "\x86\x0c\x98\xd2\x29\x7f\x30\x60\xa3\x3f\x42\x73\x96\x72\xd6\x1b\x53\xcf\x3a\xde\xfe\xd3\xd3"
      "\xc6\x72\xf3\x20\xdc\x02\x1b\x41\x1e\x9d\x59\xb8\x62\x8d\xc3\x51\xe2\x48\xb8\x8b\x29\x46\x8e"
      "\x0e\x41\x85\x5b\x0f\xb7\xd8\x3b\xb1\x5b\xe9\x02\xbf\xcc\xb8\xcd\x0a\x02";
  EXPECT_EQ(keys->verify(JwtAlgorithm::EdDSA, "", text, signature), Verdict::Valid);
  signature[5] = static_cast<char>(signature[5] ^ 1);
  EXPECT_EQ(keys->verify(JwtAlgorithm::EdDSA, "", text, signature), Verdict::Invalid);
}

TEST(JwkSet, VerifiesWhatItsKeysSigned) {
  for (const JwtAlgorithm algorithm :
       {JwtAlgorithm::RS256, JwtAlgorithm::PS256, JwtAlgorithm::ES256, JwtAlgorithm::EdDSA}) {
    SCOPED_TRACE(name_of(algorithm));
    const test::SigningKey key(algorithm);
    const Result<JwkSet> keys = JwkSet::parse(key.jwks());
    ASSERT_TRUE(keys.ok()) << keys.status();
    std::string token = key.token("{}");
    EXPECT_EQ(verdict(*keys, token), Verdict::Valid);
    const std::size_t place = token.size() - 20;
    token[place] = token[place] == 'A' ? 'B' : 'A';
    EXPECT_EQ(verdict(*keys, token), Verdict::Invalid);
  }
}

TEST(JwkSet, ASignatureOfAnotherKeyIsInvalid) {
  const test::SigningKey one(JwtAlgorithm::ES256);
  const test::SigningKey other(JwtAlgorithm::ES256);
  EXPECT_EQ(verdict(*JwkSet::parse(one.jwks()), other.token("{}")), Verdict::Invalid);
}

TEST(JwkSet, AnAlgorithmOfAnotherKindOfKeyFindsNone) {
  const test::SigningKey key(JwtAlgorithm::RS256);
  const Result<JwkSet> keys = JwkSet::parse(key.jwks());
  EXPECT_EQ(verdict(*keys, key.token(R"({"alg":"ES256"})", "{}")), Verdict::UnknownKey);
}

TEST(JwkSet, AKeyIsUsedOnlyForItsAlgorithm) {
  const test::SigningKey key(JwtAlgorithm::PS256);
  const Result<JwkSet> keys = JwkSet::parse(R"({"keys":[)" + key.jwk(R"(,"alg":"RS256")") + "]}");
  EXPECT_EQ(verdict(*keys, key.token("{}")), Verdict::UnknownKey);
}

TEST(JwkSet, AnUnknownIdFindsNoKey) {
  const test::SigningKey key(JwtAlgorithm::ES256, "known");
  const Result<JwkSet> keys = JwkSet::parse(key.jwks());
  EXPECT_EQ(verdict(*keys, key.token(R"({"alg":"ES256","kid":"other"})", "{}")),
            Verdict::UnknownKey);
  EXPECT_EQ(verdict(*keys, key.token(R"({"alg":"ES256"})", "{}")), Verdict::Valid);
}

TEST(JwkSet, PassesOverKeysThatVerifyNothingHere) {
  const test::SigningKey key(JwtAlgorithm::ES256);
  const Result<JwkSet> keys =
      JwkSet::parse(R"({"keys":[{"kty":"oct","k":"c2VjcmV0"},{"kty":"RSA","use":"enc"},)"
                    R"({"kty":"OKP","crv":"X25519","x":"AA"},)"
                    R"({"kty":"EC","crv":"secp256k1"},{"kty":"EC","key_ops":["sign"]},)" +
                    key.jwk(R"(,"use":"sig","key_ops":["verify"])") + "]}");
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->size(), 1U);
}

TEST(JwkSet, SaysWhatIsWrongWithAKey) {
  EXPECT_THAT(problem("{}"), HasSubstr("\"keys\""));
  EXPECT_THAT(problem("[]"), HasSubstr("\"keys\""));
  EXPECT_THAT(problem("not json"), HasSubstr("JSON"));
  EXPECT_THAT(problem(R"({"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]})"),
              HasSubstr("32 bytes of P-256"));
  EXPECT_THAT(problem(R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})"), HasSubstr("17 bits"));
  EXPECT_THAT(problem(R"({"keys":[{"kty":"RSA","n":"A+","e":"AQAB"}]})"), HasSubstr("base64url"));
  EXPECT_THAT(problem(R"({"keys":[{"kty":"EC","d":"AA"}]})"), HasSubstr("private key"));
  EXPECT_THAT(problem(R"({"keys":[{"x":1}]})"), HasSubstr("\"kty\""));
}

TEST(JwkSet, OneOddKeyLeavesTheOthersWhereThatIsAsked) {
  const test::SigningKey key(JwtAlgorithm::ES256);
  const std::string text =
      R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},{"use":7,"kty":"EC"},7,)" + key.jwk() +
      R"(,{"kty":"EC","d":"AA"}]})";
  std::vector<std::string> passed_over;
  const Result<JwkSet> keys = JwkSet::parse(text, {.passed_over = &passed_over});
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(keys->size(), 1U);
  EXPECT_EQ(verdict(*keys, key.token("{}")), Verdict::Valid);
  EXPECT_THAT(passed_over, ::testing::ElementsAre(HasSubstr("17 bits"), HasSubstr("use"),
                                                  HasSubstr("[2]"), HasSubstr("private key")));
  EXPECT_FALSE(JwkSet::parse(text).ok());
}

TEST(JwkSet, OfABundleOnlyKeysForTokensCount) {
  const test::SigningKey key(JwtAlgorithm::ES256);
  const test::SigningKey unnamed(JwtAlgorithm::ES256, "");
  const std::string good = key.jwk(R"(,"use":"jwt-svid")");
  for (const std::string& other : {key.jwk(R"(,"use":"x509-svid")"), key.jwk(R"(,"use":"sig")"),
                                   key.jwk(), unnamed.jwk(R"(,"use":"jwt-svid")")}) {
    const Result<JwkSet> keys = JwkSet::parse(R"({"keys":[)" + good + "," + other + "]}",
                                              {.of = JwkReading::Of::SpiffeBundle});
    ASSERT_TRUE(keys.ok()) << keys.status();
    EXPECT_EQ(keys->size(), 1U) << other;
  }
}

TEST(JwkSet, SaysWhichKeysOfABundleAreMadeWrong) {
  const test::SigningKey key(JwtAlgorithm::ES256);
  const test::SigningKey unnamed(JwtAlgorithm::ES256, "");
  std::vector<std::string> passed_over;
  const Result<JwkSet> keys = JwkSet::parse(
      R"({"keys":[)" + key.jwk() + "," + key.jwk(R"(,"use":"sig")") + "," +
          unnamed.jwk(R"(,"use":"jwt-svid")") + "," + key.jwk(R"(,"use":"x509-svid")") + "," +
          key.jwk(R"(,"use":"jwt-svid")") + "]}",
      {.of = JwkReading::Of::SpiffeBundle, .passed_over = &passed_over});
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_THAT(passed_over, ::testing::ElementsAre(HasSubstr("keys[0]: has no \"use\""),
                                                  HasSubstr("keys[1]: has the \"use\" \"sig\""),
                                                  HasSubstr("keys[2]: has no id")));
}

TEST(JwkSet, IsWrongWhereNoneOfItsKeysCounts) {
  const test::SigningKey key(JwtAlgorithm::ES256);
  const JwkReading bundle{.of = JwkReading::Of::SpiffeBundle};
  EXPECT_THAT(
      JwkSet::parse(key.jwks(), bundle).status().to_string(),
      HasSubstr("none of its keys verifies tokens here (there are 1): keys[0]: has no \"use\""));
  const std::string certificates = R"({"keys":[)" + key.jwk(R"(,"use":"x509-svid")") + "]}";
  EXPECT_THAT(JwkSet::parse(certificates, bundle).status().to_string(),
              HasSubstr("none of its keys verifies tokens here"));
  EXPECT_THAT(problem(R"({"keys":[{"kty":"oct","k":"c2VjcmV0"}]})"),
              HasSubstr("none of its keys verifies tokens here"));
  EXPECT_EQ(problem(R"({"keys":[]})"), "none");
}

TEST(JwkSet, RefusesAPointThatIsNotOnItsCurve) {
  const std::string coordinate = test::base64url(std::string(32, '\x01'));
  EXPECT_THAT(problem(R"({"keys":[{"kty":"EC","crv":"P-256","x":")" + coordinate + R"(","y":")" +
                      coordinate + R"("}]})"),
              HasSubstr("no point of P-256"));
}

TEST(JwkSet, RefusesMoreThanAHundredKeys) {
  std::string keys = R"({"keys":[{})";
  for (int i = 0; i < 100; ++i) keys += ",{}";
  EXPECT_THAT(problem(keys + "]}"), HasSubstr("at most 100"));
}

}  // namespace
}  // namespace weft::security
