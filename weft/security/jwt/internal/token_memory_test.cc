#include "weft/security/jwt/internal/token_memory.h"

#include <string>

#include <gtest/gtest.h>

namespace weft::security::internal {
namespace {

TEST(TokenMemory, FindsWhatWasPut) {
  TokenMemory memory(10);
  for (const std::size_t size : {0U, 1U, 7U, 8U, 9U, 15U, 16U, 17U, 700U}) {
    std::string token(size, 'a');
    memory.put(token, {.issuer = size});
    ASSERT_NE(memory.find(token), nullptr) << size;
    EXPECT_EQ(memory.find(token)->issuer, size);
    if (size == 0) continue;
    token.back() = 'b';
    EXPECT_EQ(memory.find(token), nullptr) << size;
  }
}

TEST(TokenMemory, ForgetsTheOneNotAskedForLongest) {
  TokenMemory memory(2);
  memory.put("one", {});
  memory.put("two", {});
  EXPECT_NE(memory.find("one"), nullptr);
  memory.put("three", {});
  EXPECT_EQ(memory.size(), 2U);
  EXPECT_NE(memory.find("one"), nullptr);
  EXPECT_EQ(memory.find("two"), nullptr);
}

TEST(TokenMemory, APutReplacesAndAnEraseForgets) {
  TokenMemory memory(2);
  memory.put("one", {.issuer = 1});
  memory.put("one", {.issuer = 2});
  EXPECT_EQ(memory.size(), 1U);
  EXPECT_EQ(memory.find("one")->issuer, 2U);
  memory.erase("one");
  memory.erase("two");
  EXPECT_EQ(memory.find("one"), nullptr);
}

TEST(TokenMemory, WithoutRoomItKeepsNothing) {
  TokenMemory memory(0);
  memory.put("one", {});
  EXPECT_EQ(memory.find("one"), nullptr);
}

}  // namespace
}  // namespace weft::security::internal
