// Tokens of an issuer that is asked over HTTP, while it rotates its keys and goes away.

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/http1/server/protocol.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/rpc/http_handler.h"
#include "weft/rpc/server.h"
#include "weft/security/jwt/internal/test_tokens.h"
#include "weft/security/jwt/jwt_authenticator.h"

namespace weft::security {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// What an OpenID provider shows to everybody.
class Issuer final : public rpc::HttpHandler {
 public:
  bool takes(const rpc::HttpHead&) const override { return true; }
  Task<> serve(rpc::HttpExchange& exchange) override {
    const std::string_view path = exchange.head().path;
    std::pair<int, std::string> page{404, "not here"};
    {
      const std::scoped_lock lock(mutex_);
      ++requests_;
      if (path == "/.well-known/openid-configuration") page = {200, configuration_};
      if (path == "/keys") page = {status_, keys_};
    }
    static_cast<void>(co_await exchange.respond(page.first, "application/json", page.second));
  }
  void configure(const std::string& url) {
    const std::scoped_lock lock(mutex_);
    configuration_ = R"({"issuer":")" + url + R"(","jwks_uri":")" + url + R"(/keys"})";
  }
  void show(int status, std::string keys) {
    const std::scoped_lock lock(mutex_);
    status_ = status;
    keys_ = std::move(keys);
  }
  int requests() {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }

 private:
  std::mutex mutex_;
  std::string configuration_;
  std::string keys_;
  int status_ = 200;
  int requests_ = 0;
};

class JwtOverHttp : public ::testing::Test {
 protected:
  void SetUp() override {
    issuer_->show(200, key_.jwks());
    server_.add(http1::protocol());
    server_.add(issuer_);
    ASSERT_TRUE(server_.start().ok());
    url_ = "http://127.0.0.1:" + std::to_string(server_.port());
    issuer_->configure(url_);
  }
  void use(JwtIssuer issuer, Duration min_refetch = 1ns) {
    issuer.audiences = {"orders"};
    Result<std::shared_ptr<JwtAuthenticator>> made = JwtAuthenticator::make(
        {.issuers = {std::move(issuer)}, .min_refetch = min_refetch, .http = {.proxy = ""}});
    ASSERT_TRUE(made.ok()) << made.status();
    tokens_ = *std::move(made);
  }
  std::string token(const test::SigningKey& key) const {
    return key.token(R"({"iss":")" + url_ + R"(","sub":"ann","aud":"orders","exp":9000000000})");
  }
  /// The subject, or the status.
  std::string outcome(const std::string& token) {
    return net::run_blocking(
        thread_.loop(),
        [](Authenticator& tokens, net::Loop& loop, std::string text) -> Task<std::string> {
          Call call(Call::Side::Server, loop, "/shop.Orders/Get", nullptr, nullptr);
          call.request_metadata().add("authorization", "Bearer " + text);
          const Result<PrincipalRef> found = co_await tokens.authenticate(call);
          if (!found.ok()) co_return found.status().to_string();
          co_return *found == nullptr ? "nobody" : (*found)->subject;
        }(*tokens_, thread_.loop(), token));
  }

  const test::SigningKey key_{JwtAlgorithm::ES256, "first"};
  const test::SigningKey next_{JwtAlgorithm::RS256, "second"};
  std::shared_ptr<Issuer> issuer_ = std::make_shared<Issuer>();
  Server server_{{.listen = "127.0.0.1:0"}};
  std::string url_;
  net::LoopThread thread_;
  std::shared_ptr<JwtAuthenticator> tokens_;
};

TEST_F(JwtOverHttp, TheKeysAreWhereTheConfigurationSays) {
  use({.issuer = url_, .discover = true});
  EXPECT_EQ(outcome(token(key_)), "ann");
  EXPECT_TRUE(tokens_->health().ok());
}

TEST_F(JwtOverHttp, ANewKeyIsFetchedWhenATokenNamesIt) {
  use({.issuer = url_, .jwks_url = url_ + "/keys"});
  EXPECT_EQ(outcome(token(key_)), "ann");
  issuer_->show(200, R"({"keys":[)" + key_.jwk() + "," + next_.jwk() + "]}");
  EXPECT_EQ(outcome(token(next_)), "ann");
  issuer_->show(200, next_.jwks());
  EXPECT_THAT(outcome(token(test::SigningKey(JwtAlgorithm::ES256, "third"))), HasSubstr("third"));
  // That asked once more, so the first key is gone, and with it what was remembered of it.
  EXPECT_THAT(outcome(token(key_)), HasSubstr("UNAUTHENTICATED"));
}

TEST_F(JwtOverHttp, AnIssuerThatIsAwayLeavesTheKeys) {
  use({.issuer = url_, .jwks_url = url_ + "/keys"});
  EXPECT_EQ(outcome(token(key_)), "ann");
  issuer_->show(503, "later");
  EXPECT_THAT(outcome(token(next_)), HasSubstr("UNAUTHENTICATED"));
  EXPECT_THAT(std::string(tokens_->health().message()), HasSubstr("503"));
  EXPECT_EQ(outcome(token(key_)), "ann");
}

TEST_F(JwtOverHttp, WithoutAnyKeysTokensCannotBeLookedAt) {
  issuer_->show(500, "broken");
  use({.issuer = url_, .jwks_url = url_ + "/keys"});
  EXPECT_THAT(outcome(token(key_)), HasSubstr("UNAVAILABLE"));
}

TEST_F(JwtOverHttp, UnknownKeysDoNotFloodTheIssuer) {
  use({.issuer = url_, .jwks_url = url_ + "/keys"}, 1h);
  EXPECT_EQ(outcome(token(key_)), "ann");
  const int before = issuer_->requests();
  for (int i = 0; i < 20; ++i) EXPECT_THAT(outcome(token(next_)), HasSubstr("second"));
  EXPECT_EQ(issuer_->requests(), before);
}

TEST_F(JwtOverHttp, TheConfigurationHasToBeTheIssuers) {
  issuer_->configure("http://127.0.0.1:1");
  use({.issuer = url_, .discover = true});
  EXPECT_THAT(outcome(token(key_)), HasSubstr("UNAVAILABLE"));
  EXPECT_THAT(std::string(tokens_->health().message()), HasSubstr("that of the issuer"));
}

}  // namespace
}  // namespace weft::security
