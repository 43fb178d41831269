#include "weft/net/loop/snapshot.h"

#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "weft/net/sim/sim_loop.h"

namespace weft::net {
namespace {

TEST(SnapshotTest, IsNullBeforeTheFirstValue) {
  SimNetwork network(1);
  const Snapshot<int> snapshot;
  EXPECT_EQ(snapshot.of(network.host("a")), nullptr);
  EXPECT_EQ(snapshot.get(), nullptr);
}

TEST(SnapshotTest, EachLoopSeesTheValueThatWasSetLast) {
  SimNetwork network(1);
  Snapshot<int> snapshot;
  snapshot.set(std::make_shared<const int>(1));
  EXPECT_EQ(*snapshot.of(network.host("a")), 1);
  snapshot.set(std::make_shared<const int>(2));
  EXPECT_EQ(*snapshot.of(network.host("a")), 2);
  EXPECT_EQ(*snapshot.of(network.host("b")), 2);
  EXPECT_EQ(*snapshot.get(), 2);
}

TEST(SnapshotTest, AReplacedValueStaysUntilItsLoopsAskAgain) {
  SimNetwork network(1);
  Snapshot<int> snapshot;
  auto first = std::make_shared<const int>(1);
  const std::weak_ptr<const int> watched = first;
  snapshot.set(std::move(first));
  static_cast<void>(snapshot.of(network.host("a")));
  snapshot.set(std::make_shared<const int>(2));
  EXPECT_FALSE(watched.expired());
  static_cast<void>(snapshot.of(network.host("a")));
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace weft::net
