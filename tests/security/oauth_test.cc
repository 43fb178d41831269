#include "weft/security/credentials/oauth.h"

#include <chrono>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http1/client/internal/test_server.h"
#include "weft/security/credentials/internal/token_endpoint.h"
#include "weft/testing/folder.h"

namespace weft::security {
namespace {

using namespace std::chrono_literals;
using http1::test::ok;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kToken =
    R"({"access_token":"abc","token_type":"bearer","expires_in":3600})";

std::string answer(std::string_view status, std::string_view body, std::string_view more = "") {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(more) +
         "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

class OAuthTest : public ::testing::Test {
 protected:
  static OAuthOptions options() {
    return {.token_url = "http://localhost/token?tenant=1",
            .client_id = "orders",
            .client_secret = "s3cret word&",
            .scope = "read write"};
  }
  static Task<Result<CredentialRef>> ask(CredentialSource& source, const Call& call) {
    co_return co_await source.credential(call);
  }
  std::string get(const Result<CredentialSourceRef>& source) {
    if (!source.ok()) return source.status().to_string();
    const Call call(Call::Side::Client, loop_, "/shop.Orders/Get", nullptr, nullptr);
    const Result<CredentialRef> found = testing::run(loop_, ask(**source, call));
    return found.ok() ? **found : found.status().to_string();
  }
  ~OAuthTest() override { network_.run_for(10min); }

  net::SimNetwork network_{1};
  http1::test::ScriptedServer server_{network_.host("localhost"), 80};
  net::SimLoop& loop_ = network_.host("localhost");
};

TEST_F(OAuthTest, GetsATokenForItself) {
  server_.answer(ok(kToken));
  EXPECT_EQ(get(oauth_client_credentials(options())), "Bearer abc");
  ASSERT_EQ(server_.requests().size(), 1U);
  const std::string& request = server_.requests().front();
  EXPECT_THAT(request, HasSubstr("POST /token?tenant=1 "));
  // "orders:s3cret+word%26", RFC 6749 section 2.3.1.
  EXPECT_THAT(request, HasSubstr("authorization: Basic b3JkZXJzOnMzY3JldCt3b3JkJTI2\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\n\r\ngrant_type=client_credentials&scope=read+write"));
  EXPECT_THAT(request, Not(HasSubstr("s3cret")));
}

TEST_F(OAuthTest, AsksOnceForManyCalls) {
  server_.answer(ok(kToken));
  const auto source = oauth_client_credentials(options());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(source), "Bearer abc");
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(OAuthTest, SendsTheSecretInTheBodyWhereThatIsAsked) {
  const testing::Folder folder;
  server_.answer(ok(kToken));
  OAuthOptions with = options();
  with.client_secret.clear();
  with.client_secret_file = folder.write("secret", "two\n");
  with.send_secret = OAuthOptions::ClientSecret::InBody;
  EXPECT_EQ(get(oauth_client_credentials(with)), "Bearer abc");
  EXPECT_THAT(server_.requests().front(), HasSubstr("client_id=orders&client_secret=two"));
  EXPECT_THAT(server_.requests().front(), Not(HasSubstr("authorization:")));
}

TEST_F(OAuthTest, ExchangesATokenForAnother) {
  server_.answer(ok(kToken));
  const auto subject = []() -> Task<Result<AccessToken>> {
    co_return AccessToken{.text = "of+pod", .lifetime = 1h};
  };
  EXPECT_EQ(get(oauth_token_exchange({.client = options(), .subject = subject})), "Bearer abc");
  const std::string& request = server_.requests().front();
  EXPECT_THAT(request,
              HasSubstr("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"));
  EXPECT_THAT(request, HasSubstr("&subject_token=of%2Bpod"));
}

TEST_F(OAuthTest, FollowsNoRedirect) {
  server_.answer(answer("307 Temporary Redirect", "", "location: http://elsewhere/\r\n"));
  EXPECT_THAT(get(oauth_client_credentials(options())), HasSubstr("answers 307"));
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(OAuthTest, SaysTheCodeOfARefusalAndNothingElse) {
  server_.answer(answer("401 Unauthorized",
                        R"({"error":"invalid_client","error_description":"s3cret word&"})"));
  const std::string refused = get(oauth_client_credentials(options()));
  EXPECT_THAT(refused, HasSubstr("UNAUTHENTICATED: http://localhost/token: "));
  EXPECT_THAT(refused, HasSubstr("401: invalid_client"));
  EXPECT_THAT(refused, Not(HasSubstr("s3cret")));
  EXPECT_THAT(refused, Not(HasSubstr("tenant")));
}

TEST_F(OAuthTest, BoundsTheSizeOfAnAnswer) {
  server_.answer(ok(std::string(70'000, ' ')));
  EXPECT_THAT(get(oauth_client_credentials(options())), HasSubstr("UNAVAILABLE"));
}

TEST_F(OAuthTest, WaitsOnlySoLongForAnAnswer) {
  const TimePoint begun = network_.now();
  EXPECT_THAT(get(oauth_client_credentials(options())), HasSubstr("UNAVAILABLE"));
  EXPECT_LE(network_.now() - begun, Duration(10s));
}

TEST_F(OAuthTest, NamesTheOptionThatIsWrong) {
  const auto with = [](auto change) {
    OAuthOptions changed = options();
    change(changed);
    return oauth_client_credentials(changed).status().to_string();
  };
  EXPECT_THAT(with([](OAuthOptions& o) { o.token_url = "http://login.example/"; }),
              HasSubstr("OAuthOptions::token_url: it is http://login.example/"));
  EXPECT_THAT(with([](OAuthOptions& o) { o.client_id = ""; }), HasSubstr("client_id"));
  EXPECT_THAT(with([](OAuthOptions& o) { o.client_secret_file = "x"; }), HasSubstr("not both"));
  EXPECT_THAT(oauth_token_exchange({.client = options()}).status().to_string(),
              HasSubstr("either subject or subject_file"));
}

TEST(TokenResponse, ReadsOnlyBearerTokens) {
  const auto read = [](std::string_view body) {
    return internal::read_token_response(body).status().to_string();
  };
  EXPECT_EQ(read(kToken), "OK");
  EXPECT_THAT(read(R"({"access_token":"s3cret","token_type":"mac"})"), HasSubstr("not Bearer"));
  EXPECT_THAT(read(R"({"access_token":"s3cret"})"), HasSubstr("not Bearer"));
  EXPECT_THAT(read(R"({"token_type":"bearer"})"), HasSubstr("access_token"));
  EXPECT_THAT(read("<html>"), HasSubstr("no JSON object"));
  for (const std::string seconds : {"-1", "1e300", "\"soon\"", "{}"}) {
    EXPECT_THAT(
        read(R"({"access_token":"s3cret","token_type":"bearer","expires_in":)" + seconds + "}"),
        ::testing::AllOf(HasSubstr("expires_in"), Not(HasSubstr("s3cret"))))
        << seconds;
  }
  EXPECT_EQ(
      internal::read_token_response(R"({"access_token":"a","token_type":"Bearer"})")->lifetime,
      Duration(5min));
}

TEST(TokenError, ShowsNoTextThatIsNoCode) {
  EXPECT_EQ(internal::read_token_error(503, R"({"error":"Bearer abc"})").to_string(),
            "UNAVAILABLE: the token endpoint answers 503");
}

}  // namespace
}  // namespace weft::security
