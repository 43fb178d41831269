#include "weft/security/jwt/internal/key_store.h"

#include <chrono>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/security/jwt/internal/test_tokens.h"

namespace weft::security::internal {
namespace {

using namespace std::chrono_literals;

class KeyStoreTest : public ::testing::Test {
 protected:
  KeyStoreTest() {
    running_ = store_->run([this]() -> Task<Result<std::string>> {
      ++reads_;
      Status slept = co_await net::sleep(takes_);
      if (!slept.ok()) co_return slept;
      co_return answer_;
    });
    loop_.post([this] { running_.start(&context_, {.function = [](void*) noexcept {}}); });
  }
  std::size_t keys() {
    const std::shared_ptr<const JwkSet>& keys = store_->keys(loop_);
    return keys == nullptr ? 0 : keys->size();
  }

  const std::string one_ = test::SigningKey(JwtAlgorithm::ES256).jwks();
  const std::string none_ = R"({"keys":[]})";
  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
  Result<std::string> answer_ = one_;
  Duration takes_ = 100ms;
  int reads_ = 0;
  Context context_;
  std::shared_ptr<KeyStore> store_ = std::make_shared<KeyStore>(
      "issuer", KeyStoreOptions{.refresh = 5min, .min_refetch = 10s}, &loop_);
  Task<> running_;
};

TEST_F(KeyStoreTest, FetchesAtOnceAndAgainAfterAWhile) {
  EXPECT_EQ(keys(), 0U);
  network_.run_for(1s);
  EXPECT_EQ(keys(), 1U);
  answer_ = none_;
  network_.run_for(4min);
  EXPECT_EQ(keys(), 1U);
  network_.run_for(2min);
  EXPECT_EQ(keys(), 0U);
}

TEST_F(KeyStoreTest, KeepsTheKeysWhileTheIssuerIsAway) {
  network_.run_for(1s);
  answer_ = unavailable("away");
  network_.run_for(20min);
  EXPECT_EQ(keys(), 1U);
  EXPECT_EQ(store_->health().message(), "away");
  answer_ = std::string("nonsense");
  network_.run_for(2min);
  EXPECT_EQ(keys(), 1U);
  EXPECT_EQ(store_->health().code(), StatusCode::InvalidArgument);
  answer_ = none_;
  network_.run_for(2min);
  EXPECT_TRUE(store_->health().ok());
}

TEST_F(KeyStoreTest, PassesOverAnOddKeyAmongOthers) {
  answer_ = R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},)" + one_.substr(9);
  network_.run_for(1s);
  EXPECT_EQ(keys(), 1U);
  EXPECT_TRUE(store_->health().ok());
  answer_ = std::string(R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})");
  network_.run_for(6min);
  EXPECT_EQ(keys(), 1U) << "a set without a good key does not take the last one away";
}

TEST_F(KeyStoreTest, ABundleWithoutKeysForTokensIsUnhealthy) {
  const test::SigningKey key(JwtAlgorithm::ES256);
  const auto store = std::make_shared<KeyStore>(
      "bundle",
      KeyStoreOptions{.refresh = 5min, .min_refetch = 10s, .of = JwkReading::Of::SpiffeBundle},
      &loop_);
  answer_ = R"({"keys":[)" + key.jwk(R"(,"use":"jwt-svid")") + "]}";
  Task<> running = store->run([this]() -> Task<Result<std::string>> { return answer_; });
  Context context;
  loop_.post([&] { running.start(&context, {.function = [](void*) noexcept {}}); });
  network_.run_for(1s);
  ASSERT_NE(store->keys(loop_), nullptr);
  EXPECT_TRUE(store->health().ok());
  answer_ = key.jwks();
  network_.run_for(6min);
  EXPECT_EQ(store->keys(loop_)->size(), 1U) << "the keys that there were are gone";
  EXPECT_EQ(store->health().code(), StatusCode::InvalidArgument);
  EXPECT_NE(store->health().message().find("has no \"use\""), std::string::npos);
}

TEST_F(KeyStoreTest, TriesAgainSoonerAfterAFailure) {
  answer_ = unavailable("away");
  network_.run_for(1s);
  EXPECT_EQ(reads_, 1);
  network_.run_for(3s);
  EXPECT_GE(reads_, 2);
  const int before = reads_;
  network_.run_for(10min);
  EXPECT_LE(reads_ - before, 16);
}

TEST_F(KeyStoreTest, ARequestedFetchIsOneForAll) {
  network_.run_for(1min);
  ASSERT_EQ(reads_, 1);
  const std::shared_ptr<net::Latch> first = store_->fetch_soon(loop_.now());
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(store_->fetch_soon(loop_.now()), first);
  network_.run_for(50ms);
  EXPECT_EQ(store_->fetch_soon(loop_.now()), first);
  EXPECT_FALSE(first->is_open());
  network_.run_for(1s);
  EXPECT_TRUE(first->is_open());
  EXPECT_EQ(reads_, 2);
}

TEST_F(KeyStoreTest, RequestedFetchesKeepADistance) {
  network_.run_for(1s);
  EXPECT_EQ(store_->fetch_soon(loop_.now()), nullptr);
  network_.run_for(10s);
  EXPECT_NE(store_->fetch_soon(loop_.now()), nullptr);
}

TEST_F(KeyStoreTest, ARequestBeforeTheFirstFetchWaitsForThat) {
  const std::shared_ptr<net::Latch> first = store_->fetch_soon(loop_.now());
  ASSERT_NE(first, nullptr);
  network_.run_for(1s);
  EXPECT_TRUE(first->is_open());
  EXPECT_EQ(reads_, 1);
}

TEST_F(KeyStoreTest, MayGoWhileAFetchIsRequested) {
  network_.run_for(1min);
  const std::shared_ptr<net::Latch> latch = store_->fetch_soon(loop_.now());
  running_ = {};
  store_.reset();
  network_.run_for(1s);
  EXPECT_FALSE(latch->is_open());
}

}  // namespace
}  // namespace weft::security::internal
