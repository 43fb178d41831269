#include "weft/registry/etcd/owned_keys.h"

#include <chrono>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "weft/coro/all.h"
#include "weft/registry/etcd/internal/test_etcd.h"
#include "weft/testing/run.h"

namespace weft::registry {
namespace {

using namespace std::chrono_literals;

class OwnedKeysTest : public ::testing::Test {
 protected:
  OwnedKeysTest() {
    client.enter(
        [&] { keys.emplace(*OwnedKeys::at(client, "etcd://" + etcd.hosts() + "/locks")); });
  }
  ~OwnedKeysTest() override {
    client.enter([&] { keys.reset(); });
  }
  Result<OwnedKeys::Attempt> take(const std::string& owner, Context* context = nullptr) {
    return weft::testing::run(client, keys->take("job", owner, 1500ms), 1h, context);
  }
  std::optional<OwnedKeys::Owner> find() { return *weft::testing::run(client, keys->find("job")); }
  bool renew(std::int64_t revision) {
    return *weft::testing::run(client, keys->renew("job", revision));
  }

  net::SimNetwork network{3};
  net::SimLoop& client = network.host("client");
  test::SimEtcd etcd{network, 2};
  std::optional<OwnedKeys> keys;
};

TEST_F(OwnedKeysTest, OneOwnsAKeyUntilItReleasesIt) {
  EXPECT_FALSE(find());
  const auto first = take("a");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_GT(first->revision, 0);
  EXPECT_EQ(etcd.data.leases[101], 2) << "whole seconds";
  EXPECT_EQ(find()->name, "a");
  EXPECT_EQ(find()->revision, first->revision);
  EXPECT_EQ(find()->left, 2s);
  const auto refused = take("b");
  EXPECT_EQ(refused->revision, 0);
  EXPECT_EQ(refused->owner, "a");
  EXPECT_TRUE(weft::testing::run(client, keys->release("job", first->revision)).ok());
  EXPECT_TRUE(etcd.data.leases.empty());
  EXPECT_GT(take("b")->revision, first->revision);
  EXPECT_TRUE(weft::testing::run(client, keys->release("job", first->revision)).ok());
  EXPECT_EQ(find()->name, "b") << "the first owner releases nothing of the second";
}

TEST_F(OwnedKeysTest, OneOfTwoAtTheSameTimeOwnsAKey) {
  const auto [a, b] = weft::testing::run(
      client, weft::all(keys->take("job", "a", 1500ms), keys->take("job", "b", 1500ms)));
  ASSERT_TRUE(a.ok() && b.ok());
  const OwnedKeys::Attempt& winner = a->revision != 0 ? *a : *b;
  const OwnedKeys::Attempt& loser = a->revision != 0 ? *b : *a;
  EXPECT_EQ(winner.revision, find()->revision);
  EXPECT_EQ(loser.revision, 0);
  EXPECT_EQ(loser.owner, find()->name);
  EXPECT_EQ(etcd.data.leases.size(), 1U) << "the loser gives its lease back";
}

TEST_F(OwnedKeysTest, OnlyTheOwnerRenews) {
  const std::int64_t first = take("a")->revision;
  EXPECT_TRUE(renew(first));
  EXPECT_EQ(etcd.script.keep_alives, 1);
  etcd.data.drop_lease(101);
  EXPECT_FALSE(renew(first));
  const std::int64_t second = take("b")->revision;
  EXPECT_FALSE(renew(first));
  EXPECT_TRUE(renew(second));
  EXPECT_EQ(etcd.script.keep_alives, 2);
}

TEST_F(OwnedKeysTest, FindsItsOwnKeyAfterALostAnswer) {
  etcd.script.lost_answers = 1;
  const auto taken = take("a");
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(taken->revision, find()->revision);
}

TEST_F(OwnedKeysTest, GivesTheKeyBackWhereTheOutcomeIsUnknown) {
  etcd.script.lost_answers = 2;
  EXPECT_EQ(take("a").status().code(), StatusCode::Unavailable);
  EXPECT_FALSE(find());
  EXPECT_TRUE(etcd.data.leases.empty());
}

TEST_F(OwnedKeysTest, GivesTheKeyBackWhereTheCallerIsCancelled) {
  etcd.script.transaction = 2s;
  Context context;
  context.limit_deadline(after(client.now(), 1s));
  EXPECT_EQ(take("a", &context).status().code(), StatusCode::DeadlineExceeded);
  EXPECT_FALSE(find());
  EXPECT_TRUE(etcd.data.leases.empty());
}

TEST_F(OwnedKeysTest, RefusesOtherTargets) {
  EXPECT_EQ(OwnedKeys::at(client, "weft://host:1/locks?password=x").status().to_string(),
            "INVALID_ARGUMENT: the target 'weft://host:1/locks' is not that of an etcd: "
            "etcd://host:2379/prefix");
}

}  // namespace
}  // namespace weft::registry
