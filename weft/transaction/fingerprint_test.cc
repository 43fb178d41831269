#include "weft/transaction/fingerprint.h"

#include <string_view>

#include <gtest/gtest.h>

namespace weft::transaction {
namespace {

Fingerprint of(std::string_view path, std::string_view request) {
  return fingerprint_of(path, request);
}

TEST(FingerprintTest, TellsPathsAndMessagesApart) {
  EXPECT_EQ(of("/a.B/C", "x"), of("/a.B/C", "x"));
  EXPECT_NE(of("/a.B/C", "x"), of("/a.B/C", "y"));
  EXPECT_NE(of("/a.B/C", "x"), of("/a.B/D", "x"));
  EXPECT_NE(of("/a.B/C", "xy"), of("/a.B/Cx", "y"));
}

// Stored: it must not change between versions. From `printf '/a.B/C\0x' | sha256sum`.
TEST(FingerprintTest, IsTheFirstHalfOfSha256) {
  EXPECT_EQ(of("/a.B/C", "x").text(), "5f62bae2c4af5b3df45b5cb33a3f419f");
}

}  // namespace
}  // namespace weft::transaction
