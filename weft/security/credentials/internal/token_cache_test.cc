#include "weft/security/credentials/internal/token_cache.h"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/testing/run.h"

namespace weft::security::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class TokenCacheTest : public ::testing::Test {
 protected:
  Task<Result<AccessToken>> fetch() {
    ++fetches_;
    const Status slept = co_await net::sleep(takes_);
    if (!slept.ok()) co_return slept;
    if (!failure_.ok()) co_return failure_;
    AccessToken token = token_;
    if (token.text.empty()) token.text = "token" + std::to_string(fetches_);
    co_return token;
  }
  static Task<Result<CredentialRef>> ask(TokenCache& cache, net::Loop& loop) {
    co_return co_await cache.get(loop);
  }
  std::string get(net::SimLoop& loop) {
    const Result<CredentialRef> found = testing::run(loop, ask(*cache_, loop));
    return found.ok() ? **found : found.status().to_string();
  }
  std::string get() { return get(loop_); }

  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
  int fetches_ = 0;
  Duration takes_ = 10ms;
  Status failure_;
  AccessToken token_{.lifetime = 1h};
  Duration jump_{};
  const TimePoint start_ = network_.now();
  std::shared_ptr<TokenCache> cache_ = std::make_shared<TokenCache>(
      TokenCacheOptions{.name = "the vault",
                        .now =
                            [this] {
                              return std::chrono::system_clock::time_point(1'700'000'000s) +
                                     (network_.now() - start_) + jump_;
                            }},
      [this] { return fetch(); });
};

TEST_F(TokenCacheTest, KeepsATokenUntilShortlyBeforeItsEnd) {
  EXPECT_EQ(get(), "Bearer token1");
  network_.run_for(58min);
  EXPECT_EQ(get(), "Bearer token1");
  EXPECT_EQ(fetches_, 1);
}

TEST_F(TokenCacheTest, FetchesTheNextWhileTheLastIsGood) {
  EXPECT_EQ(get(), "Bearer token1");
  network_.run_for(59min + 10s);
  const TimePoint before = loop_.now();
  EXPECT_EQ(get(), "Bearer token1");
  EXPECT_EQ(loop_.now(), before) << "the call waited";
  network_.run_for(1s);
  EXPECT_EQ(get(), "Bearer token2");
}

TEST_F(TokenCacheTest, UsesNoTokenInItsLastHalfMinute) {
  EXPECT_EQ(get(), "Bearer token1");
  network_.run_for(59min + 31s);
  EXPECT_EQ(get(), "Bearer token2");
}

TEST_F(TokenCacheTest, OneFetchServesAllThatWait) {
  struct Asking {
    static Task<> ask(TokenCache& cache, net::SimLoop& loop, std::vector<std::string>& got) {
      const Result<CredentialRef> found = co_await cache.get(loop);
      got.push_back(found.ok() ? **found : found.status().to_string());
    }
  };
  net::SimLoop& other = network_.host("other");
  std::vector<std::string> got;
  std::vector<Task<>> tasks;
  for (int i = 0; i < 6; ++i) {
    net::SimLoop& loop = i % 2 == 0 ? loop_ : other;
    tasks.push_back(Asking::ask(*cache_, loop, got));
    loop.enter([&] { tasks.back().start(nullptr, {.function = [](void*) noexcept {}}); });
  }
  network_.run_for(1s);
  EXPECT_THAT(got, ::testing::Each("Bearer token1"));
  EXPECT_EQ(got.size(), 6U);
  EXPECT_EQ(fetches_, 1);
}

TEST_F(TokenCacheTest, WaitsAfterAFailureBeforeTheNextFetch) {
  failure_ = unavailable("away");
  EXPECT_EQ(get(), "UNAVAILABLE: the vault: no token for the call: away");
  EXPECT_EQ(get(), "UNAVAILABLE: the vault: no token for the call: away");
  EXPECT_EQ(fetches_, 1);
  network_.run_for(1s);
  get();
  EXPECT_EQ(fetches_, 2);
  network_.run_for(1s);
  get();
  EXPECT_EQ(fetches_, 2) << "the second wait is longer";
  failure_ = {};
  network_.run_for(2s);
  EXPECT_EQ(get(), "Bearer token3");
}

TEST_F(TokenCacheTest, AFailedFetchLeavesAGoodToken) {
  EXPECT_EQ(get(), "Bearer token1");
  network_.run_for(59min + 5s);
  failure_ = unavailable("away");
  EXPECT_EQ(get(), "Bearer token1");
  network_.run_for(1s);
  EXPECT_EQ(get(), "Bearer token1");
  EXPECT_EQ(fetches_, 2);
}

TEST_F(TokenCacheTest, AFetchThatHangsIsEnded) {
  takes_ = 1h;
  EXPECT_THAT(get(), HasSubstr("no token within 10s"));
  takes_ = 1ms;
  network_.run_for(2s);
  EXPECT_EQ(get(), "Bearer token2");
}

TEST_F(TokenCacheTest, AClockThatIsSetBackKeepsNoTokenLonger) {
  token_ = {.expires = std::chrono::system_clock::time_point(1'700'003'600s)};
  EXPECT_EQ(get(), "Bearer token1");
  jump_ = -30min;
  network_.run_for(59min + 45s);
  token_ = {.lifetime = 1h};
  EXPECT_EQ(get(), "Bearer token2");
}

TEST_F(TokenCacheTest, AClockThatJumpsAheadEndsTheToken) {
  token_ = {.expires = std::chrono::system_clock::time_point(1'700'003'600s)};
  EXPECT_EQ(get(), "Bearer token1");
  jump_ = 2h;
  EXPECT_THAT(get(), HasSubstr("the token has expired"));
}

TEST_F(TokenCacheTest, RefusesTokensThatNoFieldCanCarry) {
  for (const std::string bad : {"s3cret\r\nx-admin: 1", "s3cret two", "s3cret\xff"}) {
    token_ = {.text = bad, .lifetime = 1h};
    const std::string got = get();
    EXPECT_THAT(got, HasSubstr("UNAUTHENTICATED")) << bad;
    EXPECT_THAT(got, Not(HasSubstr("s3cret")));
    network_.run_for(1h);
  }
  token_ = {.text = std::string(20'000, 'a'), .lifetime = 1h};
  EXPECT_THAT(get(), HasSubstr("the limit is 16384"));
}

TEST_F(TokenCacheTest, ShortTokensAreUsedForMostOfTheirLife) {
  token_.lifetime = 20s;
  EXPECT_EQ(get(), "Bearer token1");
  network_.run_for(9s);
  EXPECT_EQ(get(), "Bearer token1");
  network_.run_for(7s);
  EXPECT_EQ(get(), "Bearer token2");
}

TEST_F(TokenCacheTest, ATokenWithoutAnEndIsForTheCallsThatWait) {
  token_.lifetime = kForever;
  EXPECT_EQ(get(), "Bearer token1");
  EXPECT_EQ(get(), "Bearer token2");
}

TEST_F(TokenCacheTest, ACallThatGivesUpDoesNotEndTheFetch) {
  takes_ = 5s;
  Context context;
  context.limit_deadline(loop_.now() + 1s);
  EXPECT_FALSE(testing::run(loop_, ask(*cache_, loop_), 1min, &context).ok());
  EXPECT_EQ(get(), "Bearer token1");
  EXPECT_EQ(fetches_, 1);
}

TEST_F(TokenCacheTest, AFetchThatThrowsAtOnceEndsItsRound) {
  int asked = 0;
  cache_ = std::make_shared<TokenCache>(
      TokenCacheOptions{.name = "the vault"}, [&asked]() -> Task<Result<AccessToken>> {
        if (++asked == 1) throw std::runtime_error("s3cret");
        return Result<AccessToken>(AccessToken{.text = "second", .lifetime = 1h});
      });
  const std::string got = get();
  EXPECT_THAT(got, HasSubstr("UNAVAILABLE: the vault: no token for the call: the function"));
  EXPECT_THAT(got, Not(HasSubstr("s3cret")));
  network_.run_for(2s);
  EXPECT_EQ(get(), "Bearer second");
}

TEST_F(TokenCacheTest, AnEmptyFunctionIsSaidAtOnce) {
  cache_ = std::make_shared<TokenCache>(TokenCacheOptions{.name = "the vault"}, TokenFetch());
  const TimePoint before = loop_.now();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(get(), "FAILED_PRECONDITION: the vault: it is empty, and gets no token");
  }
  EXPECT_EQ(loop_.now(), before);
}

TEST_F(TokenCacheTest, TimesThatNoClockHasAreBounded) {
  token_ = {.expires = std::chrono::system_clock::time_point::max()};
  EXPECT_EQ(get(), "Bearer token1");
  network_.run_for(24h * 365);
  EXPECT_EQ(get(), "Bearer token1");
}

TEST_F(TokenCacheTest, ALifetimeOfCenturiesIsBounded) {
  token_.lifetime = 24h * 365 * 290;
  EXPECT_EQ(get(), "Bearer token1");
  network_.run_for(24h * 365);
  EXPECT_EQ(get(), "Bearer token1");
}

TEST_F(TokenCacheTest, TheEarliestTimesHaveExpired) {
  token_ = {.expires = std::chrono::system_clock::time_point::min()};
  EXPECT_THAT(get(), HasSubstr("the token has expired"));
  network_.run_for(1h);
  token_ = {.lifetime = Duration::min()};
  EXPECT_THAT(get(), HasSubstr("the token has expired"));
}

TEST_F(TokenCacheTest, TheEndOfTheLoopEndsTheFetch) {
  takes_ = 5s;
  auto network = std::make_unique<net::SimNetwork>(2);
  net::SimLoop& loop = network->host("gone");
  Task<Result<CredentialRef>> asked = ask(*cache_, loop);
  loop.enter([&] { asked.start(nullptr, {.function = [](void*) noexcept {}}); });
  network->run_for(1s);
  loop.enter([&] { const Task<Result<CredentialRef>> dropped = std::move(asked); });
  network.reset();
  takes_ = 1ms;
  network_.run_for(10s);
  EXPECT_EQ(get(), "Bearer token2");
}

}  // namespace
}  // namespace weft::security::internal
