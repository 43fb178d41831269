#include "weft/transaction/two_phase/internal/gid.h"

#include <string>

#include <gtest/gtest.h>

namespace weft::transaction::internal {
namespace {

TEST(Gid, SaysWhichBranchItIs) {
  const TwoPhaseBranch branch("order-4711", "it's 100%", "0011.2233");
  const TwoPhaseBranch plain("order-4711", "it's_100%", "0011.2233");
  EXPECT_EQ(*gid_of(plain), "weft2:0011.2233/order-4711/it%27s_100%25");
  EXPECT_EQ(branch_of_gid(*gid_of(plain)), plain);
  EXPECT_FALSE(check(branch).ok());
}

TEST(Gid, OthersAreNotOurs) {
  for (const char* gid : {"", "other", "weft2:", "weft2:a/b", "weft2:a//c", "weft2:a/b/c/d",
                          "weft2:a/b/%2", "weft2:a/b/%zz", "weft2:a/b/%2F", "weft2:a/b/%20"}) {
    EXPECT_EQ(branch_of_gid(gid), std::nullopt) << gid;
  }
}

TEST(Gid, TooLongOnesAreRefused) {
  const std::size_t rest = std::string("weft2:c//b").size();
  EXPECT_TRUE(gid_of(TwoPhaseBranch(std::string(199 - rest, 't'), "b", "c")).ok());
  EXPECT_EQ(gid_of(TwoPhaseBranch(std::string(200 - rest, 't'), "b", "c")).status().message(),
            "branch " + std::string(200 - rest, 't') +
                "/b has a gid of 200 bytes; PostgreSQL takes 199: shorten the transaction's id or "
                "the branch's name");
}

}  // namespace
}  // namespace weft::transaction::internal
