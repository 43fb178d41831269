#include "weft/security/introspection/introspection.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http1/client/internal/test_server.h"

namespace weft::security {
namespace {

using namespace std::chrono_literals;
using http1::test::ok;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class IntrospectionTest : public ::testing::Test {
 protected:
  IntrospectionOptions options() {
    return {.url = "http://localhost/introspect",
            .client_id = "orders",
            .client_secret = "s3cret",
            .now = [this] { return now_; }};
  }
  /// From now on.
  void answer(std::string bytes) {
    server_.answer_by([bytes = std::move(bytes)](std::string_view) { return bytes; });
  }
  /// The caller's name, or why the call is refused.
  std::string caller(Introspection& tokens, std::string_view token = "opaque") {
    Metadata metadata;
    metadata.add("authorization", "Bearer " + std::string(token));
    Call call(Call::Side::Server, loop_, "/shop.Orders/Get", nullptr, nullptr);
    call.request_metadata() = std::move(metadata);
    const Result<PrincipalRef> found = testing::run(loop_, ask(tokens, call));
    if (!found.ok()) return found.status().to_string();
    last_ = *found;
    return last_->scheme + " " + last_->issuer + " " + last_->subject;
  }
  std::string answered(std::string_view body) {
    answer(ok(body));
    return caller(*make(), "token" + std::to_string(++tokens_));
  }
  std::shared_ptr<Introspection> make() { return make(options()); }
  static std::shared_ptr<Introspection> make(IntrospectionOptions options) {
    return Introspection::make(std::move(options)).value();
  }
  static Task<Result<PrincipalRef>> ask(Introspection& tokens, Call& call) {
    co_return co_await tokens.authenticate(call);
  }
  ~IntrospectionTest() override { network_.run_for(10min); }

  std::chrono::system_clock::time_point now_{std::chrono::seconds(1'800'000'000)};
  int tokens_ = 0;
  PrincipalRef last_;
  net::SimNetwork network_{1};
  http1::test::ScriptedServer server_{network_.host("localhost"), 80};
  net::SimLoop& loop_ = network_.host("localhost");
};

TEST_F(IntrospectionTest, AsksWhoATokenStandsFor) {
  answer(ok(R"({"active":true,"sub":"ann","iss":"https://login","scope":"read write",
                        "client_id":"app","exp":1800000060})"));
  IntrospectionOptions with = options();
  with.claims = {"client_id"};
  const auto tokens = make(with);
  EXPECT_EQ(caller(*tokens, "a+b/c=="), "oauth https://login ann");
  EXPECT_THAT(last_->roles, ElementsAre("read", "write"));
  EXPECT_TRUE(last_->has_claim("client_id", "app"));
  const std::string& request = server_.requests().front();
  EXPECT_THAT(request, HasSubstr("POST /introspect "));
  EXPECT_THAT(request, HasSubstr("authorization: Basic b3JkZXJzOnMzY3JldA==\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\n\r\ntoken=a%2Bb%2Fc%3D%3D&token_type_hint=access_token"));
}

TEST_F(IntrospectionTest, AnAnswerHoldsForAWhileAndNotBeyondItsEnd) {
  answer(ok(R"({"active":true,"sub":"ann","exp":1800000005})"));
  const auto tokens = make();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(caller(*tokens), "oauth  ann");
  EXPECT_EQ(server_.requests().size(), 1U);
  now_ += 5s;
  EXPECT_EQ(caller(*tokens), "UNAUTHENTICATED: the token has expired");
  answer(ok(R"({"active":false})"));
  network_.run_for(11s);
  EXPECT_THAT(caller(*tokens), HasSubstr("UNAUTHENTICATED: the token is not active"));
  EXPECT_EQ(server_.requests().size(), 2U);
}

TEST_F(IntrospectionTest, TokensThatAreNotActiveAreRememberedToo) {
  answer(ok(R"({"active":false})"));
  const auto tokens = make();
  for (int i = 0; i < 3; ++i) EXPECT_THAT(caller(*tokens), HasSubstr("is not active"));
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(IntrospectionTest, RefusesOtherIssuersAudiencesAndTimes) {
  IntrospectionOptions with = options();
  with.issuer = "https://login";
  with.audiences = {"orders"};
  const auto tokens = make(with);
  const auto said = [&](std::string_view members) {
    answer(ok(R"({"active":true,"sub":"ann",)" + std::string(members) + "}"));
    return caller(*tokens, "token" + std::to_string(++tokens_));
  };
  EXPECT_EQ(said(R"("aud":["x","orders"])"), "oauth https://login ann");
  EXPECT_THAT(said(R"("aud":"billing")"), HasSubstr("not meant for this server"));
  EXPECT_THAT(said(R"("aud":"orders","iss":"https://other")"), HasSubstr("UNAUTHENTICATED"));
  EXPECT_THAT(said(R"("iss":"https://login")"), HasSubstr("UNAUTHENTICATED"));
  EXPECT_THAT(said(R"("aud":"orders","nbf":1800000001)"), HasSubstr("not valid yet"));
}

TEST_F(IntrospectionTest, AnswersThatSayNothingAreNotTakenForYes) {
  for (const char* body :
       {"", "true", "[]", "{}", R"({"active":"true","sub":"ann"})", R"({"active":1,"sub":"ann"})",
        R"({"active":null,"sub":"ann"})", R"({"active":true})", R"({"active":true,"sub":7})",
        R"({"active":true,"sub":""})", R"({"active":true,"sub":"ann","exp":"soon"})",
        R"({"active":true,"active":true,"sub":"ann"})"}) {
    EXPECT_THAT(answered(body), HasSubstr("UNAVAILABLE: the token's authorization server")) << body;
  }
}

TEST_F(IntrospectionTest, ThatTheServerIsAwayIsInHealthAndNotInTheAnswer) {
  const auto tokens = make();
  EXPECT_TRUE(tokens->health().ok());
  answer("HTTP/1.1 401 Unauthorized\r\ncontent-length: 6\r\n\r\ns3cret");
  EXPECT_EQ(caller(*tokens), "UNAVAILABLE: the token's authorization server cannot be asked");
  EXPECT_THAT(tokens->health().to_string(), HasSubstr("client_id and the secret are not taken"));
  EXPECT_THAT(tokens->health().to_string(), Not(HasSubstr("s3cret")));
  answer(ok(R"({"active":true,"sub":"ann"})"));
  EXPECT_EQ(caller(*tokens), "oauth  ann");
  EXPECT_TRUE(tokens->health().ok());
}

TEST_F(IntrospectionTest, ASlowServerIsWaitedForSoLongOnly) {
  const auto tokens = make();
  const TimePoint begun = network_.now();
  EXPECT_THAT(caller(*tokens), HasSubstr("UNAVAILABLE"));
  EXPECT_LE(network_.now() - begun, Duration(6s));
}

TEST_F(IntrospectionTest, FollowsNoRedirect) {
  answer(
      "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://elsewhere/\r\ncontent-length: "
      "0\r\n\r\n");
  EXPECT_THAT(caller(*make()), HasSubstr("UNAVAILABLE"));
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(IntrospectionTest, LongTokensAreNotAskedFor) {
  EXPECT_THAT(caller(*make(), std::string(9000, 'x')), HasSubstr("has 9000 bytes; the limit is"));
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(IntrospectionTest, NamesTheOptionThatIsWrong) {
  const auto with = [this](auto change) {
    IntrospectionOptions changed = options();
    change(changed);
    return Introspection::make(changed).status().to_string();
  };
  EXPECT_THAT(with([](auto& o) { o.url = "http://login.example/"; }),
              HasSubstr("IntrospectionOptions::url: it is http://login.example/"));
  EXPECT_THAT(with([](auto& o) { o.client_secret_file = "x"; }), HasSubstr("not both"));
  EXPECT_THAT(with([](auto& o) { o.client_id = ""; }), HasSubstr("client_id"));
  EXPECT_THAT(with([](auto& o) { o.remember = 1h; }), HasSubstr("remember is 3600s"));
  EXPECT_THAT(with([](auto& o) { o.max_asking = 0; }), HasSubstr("max_asking"));
}

}  // namespace
}  // namespace weft::security
