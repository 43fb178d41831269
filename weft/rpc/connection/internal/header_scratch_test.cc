#include "weft/rpc/connection/internal/header_scratch.h"

#include <gtest/gtest.h>

namespace weft::rpc {
namespace {

TEST(HeaderScratch, IsEmptyAtFirstAndReusesItsMemory) {
  const http2::HeaderField* before = nullptr;
  {
    HeaderScratch scratch;
    scratch.fields().push_back({"name", "value"});
    scratch.text() = "text";
    before = scratch.fields().data();
  }
  HeaderScratch scratch;
  EXPECT_TRUE(scratch.fields().empty());
  EXPECT_TRUE(scratch.text().empty());
  EXPECT_EQ(scratch.fields().data(), before);
}

TEST(HeaderScratch, ASecondOneLeavesTheFirstAlone) {
  HeaderScratch outer;
  outer.text() = "outer";
  {
    HeaderScratch inner;
    EXPECT_TRUE(inner.text().empty());
    inner.text() = "inner";
  }
  EXPECT_EQ(outer.text(), "outer");
  HeaderScratch third;
  EXPECT_NE(&third.text(), &outer.text());
}

}  // namespace
}  // namespace weft::rpc
