#include "weft/security/credentials/forwarding.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http1/client/internal/test_server.h"

namespace weft::security {
namespace {

using namespace std::chrono_literals;
using http1::test::ok;
using ::testing::HasSubstr;
using ::testing::Not;

/// A call that a handler serves.
struct Served {
  Served(net::Loop& loop, const std::vector<std::string>& authorizations)
      : call(Call::Side::Server, loop, "/shop.Orders/Get", nullptr, nullptr), context(call) {
    for (const std::string& each : authorizations) {
      call.request_metadata().add("authorization", each);
    }
  }
  Call call;
  ServerContext context;
};

class ForwardingTest : public ::testing::Test {
 protected:
  CallerExchangeOptions options() {
    CallerExchangeOptions options;
    options.client = {.token_url = "http://localhost/token",
                      .client_id = "orders",
                      .client_secret = "s3cret",
                      .audience = "stock"};
    options.now = [this] { return now_; };
    return options;
  }
  std::shared_ptr<CallerExchange> make() { return CallerExchange::make(options()).value(); }
  void answer(std::string_view body) {
    server_.answer_by([text = ok(body)](std::string_view) { return text; });
  }
  std::string exchanged(CallerExchange& exchange, std::string authorization = "Bearer of-ann") {
    Served served(loop_, {std::move(authorization)});
    const Result<CredentialRef> found = testing::run(loop_, ask(exchange, served.context));
    return found.ok() ? **found : found.status().to_string();
  }
  static Task<Result<CredentialRef>> ask(CallerExchange& exchange, const ServerContext& context) {
    co_return co_await exchange.credential(context);
  }
  ~ForwardingTest() override { network_.run_for(10min); }

  std::chrono::system_clock::time_point now_{std::chrono::seconds(1'800'000'000)};
  net::SimNetwork network_{1};
  http1::test::ScriptedServer server_{network_.host("localhost"), 80};
  net::SimLoop& loop_ = network_.host("localhost");
};

TEST_F(ForwardingTest, HandsOnWhatTheCallerHasShown) {
  const Served served(loop_, {"Bearer of-ann"});
  Metadata metadata;
  EXPECT_TRUE(forward_authorization(served.context, metadata).ok());
  EXPECT_EQ(metadata.get("authorization"), "Bearer of-ann");
  EXPECT_EQ(forward_authorization(served.context, metadata).code(), StatusCode::FailedPrecondition);
}

TEST_F(ForwardingTest, HandsOnNothingWhereItIsNotClear) {
  Metadata metadata;
  const Served none(loop_, {});
  const Served two(loop_, {"Bearer a", "Bearer b"});
  EXPECT_THAT(forward_authorization(none.context, metadata).to_string(), HasSubstr("shown no"));
  EXPECT_THAT(forward_authorization(two.context, metadata).to_string(), HasSubstr("several"));
  EXPECT_TRUE(metadata.empty());
}

TEST_F(ForwardingTest, ExchangesACallersTokenOnce) {
  answer(R"({"access_token":"for-stock","token_type":"bearer","expires_in":3600})");
  const auto exchange = make();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(exchanged(*exchange), "Bearer for-stock");
  EXPECT_EQ(exchanged(*exchange, "bearer of-bob"), "Bearer for-stock");
  ASSERT_EQ(server_.requests().size(), 2U);
  const std::string& request = server_.requests().front();
  EXPECT_THAT(request, HasSubstr("token-exchange&subject_token=of-ann&subject_token_type=urn%3A"));
  EXPECT_THAT(request, HasSubstr("&audience=stock"));
  EXPECT_THAT(server_.requests()[1], HasSubstr("subject_token=of-bob"));
}

TEST_F(ForwardingTest, ATokenIsNotUsedToItsEnd) {
  answer(R"({"access_token":"short","token_type":"bearer","expires_in":100})");
  const auto exchange = make();
  EXPECT_EQ(exchanged(*exchange), "Bearer short");
  now_ += 74s;
  EXPECT_EQ(exchanged(*exchange), "Bearer short");
  EXPECT_EQ(server_.requests().size(), 1U);
  now_ += 2s;
  EXPECT_EQ(exchanged(*exchange), "Bearer short");
  EXPECT_EQ(server_.requests().size(), 2U);
}

TEST_F(ForwardingTest, ARefusalIsTheCallersAndNotKept) {
  server_.answer_by([](std::string_view) {
    const std::string body = R"({"error":"invalid_grant","error_description":"s3cret"})";
    return "HTTP/1.1 400 Bad Request\r\ncontent-length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  });
  const auto exchange = make();
  const std::string refused = exchanged(*exchange);
  EXPECT_THAT(refused, HasSubstr("UNAUTHENTICATED"));
  EXPECT_THAT(refused, HasSubstr("invalid_grant"));
  EXPECT_THAT(refused, Not(HasSubstr("s3cret")));
  answer(R"({"access_token":"now","token_type":"bearer"})");
  EXPECT_EQ(exchanged(*exchange), "Bearer now");
}

TEST_F(ForwardingTest, ATokenThatCouldWriteAFieldIsRefused) {
  answer(R"({"access_token":"a\nb","token_type":"bearer","expires_in":100})");
  EXPECT_THAT(exchanged(*make()), HasSubstr("a control character"));
}

TEST_F(ForwardingTest, OnlyBearerTokensAreExchanged) {
  EXPECT_THAT(exchanged(*make(), "Basic YTpi"), HasSubstr("no Bearer token"));
  EXPECT_THAT(exchanged(*make(), "Bearer "), HasSubstr("no Bearer token"));
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(ForwardingTest, NamesTheOptionThatIsWrong) {
  const auto with = [this](auto change) {
    CallerExchangeOptions changed = options();
    change(changed);
    return CallerExchange::make(changed).status().to_string();
  };
  EXPECT_THAT(with([](auto& o) { o.client.token_url = "http://login.example/"; }),
              HasSubstr("CallerExchangeOptions::client: OAuthOptions::token_url"));
  EXPECT_THAT(with([](auto& o) { o.remember = 2h; }), HasSubstr("remember is 7200s"));
  EXPECT_THAT(with([](auto& o) { o.subject_token_type = ""; }), HasSubstr("subject_token_type"));
}

}  // namespace
}  // namespace weft::security
