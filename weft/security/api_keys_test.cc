#include "weft/security/api_keys.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/net/loop/wait.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/testing/run.h"
#include "weft/testing/scripted_service.h"

namespace weft::security {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string list_of(const ApiKeyRecord& record, std::string_view more = {}) {
  return R"({"keys":[{"id":")" + record.id + R"(","sha256":")" + record.sha256 +
         R"(","subject":")" + record.subject + R"(","roles":["reader"])" + std::string(more) +
         "}]}";
}

class ApiKeysTest : public ::testing::Test {
 protected:
  /// The subject that the call gets, or the status.
  std::string call(const std::shared_ptr<ApiKeys>& keys, std::vector<std::string> values) {
    Call made(Call::Side::Server, loop_, "/shop.Orders/Get", nullptr, nullptr);
    for (const std::string& value : values) made.request_metadata().add("x-api-key", value);
    const Result<PrincipalRef> found = testing::run(loop_, keys->authenticate(made));
    if (!found.ok()) return found.status().to_string();
    principal_ = *found;
    return *found == nullptr ? "nobody" : (*found)->subject;
  }
  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
  const NewApiKey new_ = *make_api_key("shop", "billing");
  PrincipalRef principal_;
  std::chrono::system_clock::time_point now_{std::chrono::seconds(1'700'000'000)};
};

TEST_F(ApiKeysTest, AKeyHasItsPrefixAndRandomRest) {
  EXPECT_THAT(new_.key, ::testing::MatchesRegex("shop_[0-9a-f]{16}_[0-9a-f]{64}"));
  EXPECT_NE(make_api_key("shop", "billing")->key, new_.key);
  EXPECT_FALSE(make_api_key("", "billing").ok());
  EXPECT_FALSE(make_api_key("a_b", "billing").ok());
}

TEST_F(ApiKeysTest, TakesTheKeysOfTheList) {
  const auto keys = ApiKeys::make();
  EXPECT_THAT(call(keys, {new_.key}), HasSubstr("unknown, or revoked"));
  ASSERT_TRUE(keys->set(list_of(new_.record)).ok());
  EXPECT_EQ(call(keys, {new_.key}), "billing");
  EXPECT_EQ(principal_->scheme, "api-key");
  EXPECT_THAT(principal_->roles, ElementsAre("reader"));
  EXPECT_THAT(principal_->claims, ElementsAre(Pair("id", new_.record.id)));
  EXPECT_EQ(call(keys, {}), "nobody");
}

TEST_F(ApiKeysTest, RefusesEveryOtherKey) {
  const auto keys = ApiKeys::make();
  ASSERT_TRUE(keys->set(list_of(new_.record)).ok());
  std::string other = new_.key;
  other.back() = other.back() == '0' ? '1' : '0';
  for (const std::string& key :
       {other, std::string("shop"), std::string("_"), std::string("__"), std::string(),
        new_.key + " ", "x" + new_.key, make_api_key("shop", "billing")->key}) {
    EXPECT_THAT(call(keys, {key}), HasSubstr("UNAUTHENTICATED")) << key;
  }
  EXPECT_THAT(call(keys, {std::string(300, 'a')}), HasSubstr("300 bytes; at most 256"));
  EXPECT_THAT(call(keys, {new_.key, new_.key}), HasSubstr("several fields"));
}

TEST_F(ApiKeysTest, AKeyThatIsMissingIsRevoked) {
  const auto keys = ApiKeys::make();
  ASSERT_TRUE(keys->set(list_of(new_.record)).ok());
  EXPECT_EQ(call(keys, {new_.key}), "billing");
  ASSERT_TRUE(keys->set(R"({"keys":[]})").ok());
  EXPECT_THAT(call(keys, {new_.key}), HasSubstr("revoked"));
}

TEST_F(ApiKeysTest, AKeyEndsWithItsTime) {
  const auto keys = ApiKeys::make({.now = [this] { return now_; }});
  ASSERT_TRUE(keys->set(list_of(new_.record, R"(,"expires":"2023-11-14T22:13:30Z")")).ok());
  EXPECT_EQ(call(keys, {new_.key}), "billing");
  now_ += 10s;
  EXPECT_THAT(call(keys, {new_.key}), HasSubstr("has expired"));
}

TEST_F(ApiKeysTest, AWrongListChangesNothingAndSaysWhy) {
  const auto keys = ApiKeys::make();
  ASSERT_TRUE(keys->set(list_of(new_.record)).ok());
  const auto problem = [&](std::string_view json) {
    return std::string(keys->set(json).message());
  };
  EXPECT_THAT(problem("{}"), HasSubstr("list of keys"));
  EXPECT_THAT(problem(R"({"keys":[{"id":"a","sha256":"12","subject":"s"}]})"),
              HasSubstr("keys[0]"));
  EXPECT_THAT(problem(list_of(new_.record, R"(,"expires":"tomorrow")")), HasSubstr("expires"));
  EXPECT_THAT(problem(list_of(new_.record, R"(,"expire":"x")")), HasSubstr("expire"));
  ApiKeyRecord nobody = new_.record;
  nobody.subject = {};
  EXPECT_THAT(problem(list_of(nobody)), HasSubstr("\"subject\""));
  const std::string twice = list_of(new_.record).substr(0, list_of(new_.record).size() - 2) + "," +
                            list_of(new_.record).substr(9);
  EXPECT_THAT(problem(twice), HasSubstr("id of another key"));
  EXPECT_EQ(call(keys, {new_.key}), "billing");
}

TEST_F(ApiKeysTest, LooksUpWhatTheListDoesNotHave) {
  int asked = 0;
  Result<std::optional<ApiKeyRecord>> answer = std::optional<ApiKeyRecord>(new_.record);
  const auto keys =
      ApiKeys::make({.look_up = [&](std::string id) -> Task<Result<std::optional<ApiKeyRecord>>> {
                       ++asked;
                       EXPECT_EQ(id, new_.record.id);
                       static_cast<void>(co_await net::sleep(1ms));
                       co_return answer;
                     },
                     .now = [this] { return now_; }});
  EXPECT_EQ(call(keys, {new_.key}), "billing");
  EXPECT_EQ(call(keys, {new_.key}), "billing");
  EXPECT_EQ(asked, 1);
  answer = std::optional<ApiKeyRecord>();
  network_.run_for(11s);
  EXPECT_THAT(call(keys, {new_.key}), HasSubstr("revoked"));
  answer = internal_error("select from secret_table");
  network_.run_for(11s);
  EXPECT_EQ(call(keys, {new_.key}), "UNAVAILABLE: the API keys could not be looked at");
}

TEST_F(ApiKeysTest, AWrongKeyIsNotRemembered) {
  const auto keys =
      ApiKeys::make({.look_up = [&](std::string) -> Task<Result<std::optional<ApiKeyRecord>>> {
        return Result<std::optional<ApiKeyRecord>>(new_.record);
      }});
  std::string other = new_.key;
  other.back() = other.back() == '0' ? '1' : '0';
  EXPECT_THAT(call(keys, {other}), HasSubstr("UNAUTHENTICATED"));
  EXPECT_THAT(call(keys, {other}), HasSubstr("UNAUTHENTICATED"));
  EXPECT_EQ(call(keys, {new_.key}), "billing");
}

/// A database that has one key.
struct OneKey {
  static std::shared_ptr<ApiKeys> keys(const ApiKeyRecord& record, std::size_t max_look_ups) {
    return ApiKeys::make(
        {.look_up = [record](std::string id) -> Task<Result<std::optional<ApiKeyRecord>>> {
           if (id != record.id) return Result<std::optional<ApiKeyRecord>>(std::nullopt);
           return Result<std::optional<ApiKeyRecord>>(record);
         },
         .max_look_ups = max_look_ups});
  }
};

TEST_F(ApiKeysTest, AnIdThatThereIsNotIsAskedForOnce) {
  const auto keys = OneKey::keys(new_.record, 100);
  for (const std::string key : {"shop_other_1", "shop_other_2", "shop_other_3"}) {
    EXPECT_THAT(call(keys, {key}), HasSubstr("unknown, or revoked"));
  }
  EXPECT_EQ(keys->stats().look_ups, 1U);
  network_.run_for(11s);
  call(keys, {"shop_other_1"});
  EXPECT_EQ(keys->stats().look_ups, 2U);
}

TEST_F(ApiKeysTest, GuessesAreLookedUpOnlySoOften) {
  const auto keys = OneKey::keys(new_.record, 5);
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(call(keys, {"shop_" + std::to_string(i) + "_x"}), HasSubstr("UNAUTHENTICATED"));
  }
  EXPECT_THAT(call(keys, {"shop_5_x"}),
              HasSubstr("RESOURCE_EXHAUSTED: more than 5 unknown API keys a second"));
  EXPECT_EQ(keys->stats().look_ups, 5U);
  EXPECT_EQ(keys->stats().refused, 1U);
  network_.run_for(1s);
  EXPECT_THAT(call(keys, {"shop_6_x"}), HasSubstr("UNAUTHENTICATED"));
}

TEST_F(ApiKeysTest, GuessesDoNotShutOutTheOwnersOfKeys) {
  const auto keys = OneKey::keys(new_.record, 2);
  EXPECT_EQ(call(keys, {new_.key}), "billing");
  network_.run_for(11s);
  for (int i = 0; i < 9; ++i) call(keys, {"shop_" + std::to_string(i) + "_x"});
  EXPECT_GT(keys->stats().refused, 0U);
  EXPECT_EQ(call(keys, {new_.key}), "billing");
}

TEST_F(ApiKeysTest, AnOwnerNotSeenYetSharesTheLookUpsWithGuesses) {
  const auto keys = OneKey::keys(new_.record, 2);
  for (int i = 0; i < 9; ++i) call(keys, {"shop_" + std::to_string(i) + "_x"});
  EXPECT_THAT(call(keys, {new_.key}), HasSubstr("RESOURCE_EXHAUSTED"));
  network_.run_for(1s);
  EXPECT_EQ(call(keys, {new_.key}), "billing");
}

}  // namespace
}  // namespace weft::security
