#include "weft/base/result.h"

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(Result, HoldsAValueAndAnOkStatus) {
  const Result<int> result = 7;
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(*result, 7);
  EXPECT_TRUE(result.status().ok());
}

TEST(Result, HoldsTheStatusThatSaysWhyThereIsNoValue) {
  const Result<int> result = not_found("no such key");
  EXPECT_FALSE(result);
  EXPECT_EQ(result.status(), not_found("no such key"));
}

TEST(Result, TurnsAnOkStatusWithoutValueIntoInternal) {
  const Result<int> result = ok_status();
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::Internal);
}

TEST(Result, TakesWhatConvertsToItsValue) {
  const Result<std::string> text = "literal";
  EXPECT_EQ(*text, "literal");
  const Result<std::optional<int>> nothing = std::nullopt;
  ASSERT_TRUE(nothing.ok());
  EXPECT_FALSE(nothing->has_value());
}

TEST(Result, MakesAValueInItsPlace) {
  const Result<std::string> text(std::in_place, 3, 'x');
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, "xxx");
  const Result<std::string> empty(std::in_place);
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(*empty, "");
}

TEST(Result, GivesUpAMoveOnlyValue) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  const std::unique_ptr<int> value = *std::move(result);
  EXPECT_EQ(*value, 3);
}

TEST(Result, OfAPointerIsNotMadeOfAStatus) {
  static_assert(std::is_convertible_v<Status, Result<const void*>>);
  const Result<const void*> result = aborted("x");
  EXPECT_FALSE(result.ok());
}

TEST(ResultDeathTest, TakingAMissingValueEndsTheProgramWithTheStatus) {
  Result<std::string> result = not_found("no such key");
  EXPECT_DEATH(static_cast<void>(result->size()), "ok.. first; its status is NOT_FOUND: no such");
  EXPECT_DEATH(static_cast<void>(*result), "its status is NOT_FOUND: no such key");
  EXPECT_DEATH(static_cast<void>(std::as_const(result).value()), "NOT_FOUND: no such key");
  EXPECT_DEATH(static_cast<void>(*std::move(result)), "NOT_FOUND: no such key");
}

struct Unprintable {};

TEST(Result, IsPrintedWithItsValueOrItsStatus) {
  EXPECT_EQ(::testing::PrintToString(Result<int>(7)), "7");
  EXPECT_EQ(::testing::PrintToString(Result<Unprintable>(Unprintable())), "OK");
  EXPECT_EQ(::testing::PrintToString(Result<int>(not_found("x"))), "NOT_FOUND: x");
}

}  // namespace
}  // namespace weft
