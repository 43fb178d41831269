#include "weft/base/function.h"

#include <memory>
#include <utility>

#include <gtest/gtest.h>

namespace weft {
namespace {

int twice(int x) { return 2 * x; }

TEST(UniqueFunction, IsFalseWhenEmpty) {
  UniqueFunction<void()> empty;
  EXPECT_FALSE(empty);
}

TEST(UniqueFunction, OwnsAMoveOnlyCapture) {
  UniqueFunction<int(int)> add = [base = std::make_unique<int>(40)](int x) { return *base + x; };
  UniqueFunction<int(int)> moved = std::move(add);
  EXPECT_FALSE(add);
  EXPECT_EQ(moved(2), 42);
}

TEST(UniqueFunction, DestroysItsCaptureWhenReplaced) {
  auto witness = std::make_shared<int>(0);
  UniqueFunction<void()> holder = [witness] {};
  EXPECT_EQ(witness.use_count(), 2);
  holder = {};
  EXPECT_EQ(witness.use_count(), 1);
}

TEST(UniqueFunction, TakesAPlainFunctionAndKeepsStateBetweenCalls) {
  UniqueFunction<int(int)> plain = &twice;
  EXPECT_EQ(plain(4), 8);
  UniqueFunction<int()> counter = [n = 0]() mutable { return ++n; };
  counter();
  EXPECT_EQ(counter(), 2);
}

TEST(UniqueFunction, PassesMoveOnlyArgumentsAndReferences) {
  UniqueFunction<int(std::unique_ptr<int>, int&)> call = [](std::unique_ptr<int> p, int& out) {
    out = 1;
    return *p;
  };
  int out = 0;
  EXPECT_EQ(call(std::make_unique<int>(5), out), 5);
  EXPECT_EQ(out, 1);
}

}  // namespace
}  // namespace weft
