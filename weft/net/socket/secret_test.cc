#include "weft/net/socket/secret.h"

#include <set>

#include <gtest/gtest.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/net/sim/sim_loop.h"

namespace weft::net {
namespace {

TEST(Secret, RepeatsWithTheSeedOfASimulation) {
  SimNetwork one(7);
  SimNetwork same(7);
  SimNetwork other(8);
  const std::uint64_t first = secret(one.host("a"));
  EXPECT_EQ(secret(same.host("a")), first);
  EXPECT_NE(secret(other.host("a")), first);
}

TEST(Secret, DoesNotComeFromTheLoopsGenerator) {
  AsioLoop loop;
  Rng copy = loop.rng();
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(secret(loop)).second);
  EXPECT_EQ(loop.rng()(), copy()) << "nothing was taken from it";
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(seen.contains(copy()));
}

}  // namespace
}  // namespace weft::net
