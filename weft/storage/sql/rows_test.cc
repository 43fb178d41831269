#include "weft/storage/sql/rows.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

namespace weft::sql {
namespace {

struct User {
  std::int64_t id = 0;
  std::string name;
  std::optional<double> score;
  std::optional<std::string> email;
};

Rows users() {
  Cells cells;
  cells.add_integer(7);
  cells.add_text("Ada");
  cells.add_null();
  cells.add_text("ada@example.org");
  cells.add_integer(8);
  cells.add_text("Bob");
  cells.add_double(1.5);
  cells.add_null();
  return Rows(std::make_shared<const ColumnNames>(ColumnNames{"id", "name", "score", "email"}),
              std::move(cells), 0);
}

template <class Add>
Rows single(Add add) {
  Cells cells;
  add(cells);
  return Rows(std::make_shared<const ColumnNames>(ColumnNames{"value"}), std::move(cells), 0);
}

TEST(Rows, BecomeAStruct) {
  const auto all = users().all<User>();
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].name, "Ada");
  EXPECT_EQ((*all)[0].score, std::nullopt);
  EXPECT_EQ((*all)[0].email, "ada@example.org");
  EXPECT_EQ((*all)[1].score, 1.5);
}

TEST(Rows, BecomeATuple) {
  using Both =
      std::tuple<std::int32_t, std::string_view, std::optional<float>, std::optional<std::string>>;
  const Rows rows = users();
  const Result<Both> second = rows[1].as<Both>();
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(std::get<0>(*second), 8);
  EXPECT_EQ(std::get<1>(*second), "Bob");
}

TEST(Rows, AreReadByName) {
  const Rows rows = users();
  EXPECT_EQ(*rows[0].get<std::string>("name"), "Ada");
  EXPECT_EQ(rows[0].get<std::string>("nmae").status().message(),
            "the result has no column 'nmae'; it has 4: id, name, score, email");
}

TEST(Rows, NullNeedsAnOptional) {
  const Rows rows = users();
  EXPECT_EQ(rows[0].get<double>("score").status(),
            internal_error("row 0, column 'score': NULL where a double is asked for"));
}

TEST(Rows, AnotherNumberOfColumnsIsAnError) {
  const Rows rows = users();
  EXPECT_EQ((rows[0].as<std::tuple<int, std::string>>().status()),
            internal_error("the result has 4 columns where 2 are asked for"));
  EXPECT_EQ(rows[0].as<int>().status(),
            internal_error("the result has 4 columns where 1 is asked for"));
}

TEST(Rows, OneWantsExactlyOne) {
  EXPECT_EQ(users().one<User>().status(),
            internal_error("the statement gave 2 rows where 1 is asked for"));
  EXPECT_EQ(Rows().one<User>().status(), not_found("the statement gave no row"));
  EXPECT_EQ(Rows().maybe<std::int64_t>()->has_value(), false);
}

TEST(Rows, AnIntegerThatDoesNotFitIsRefused) {
  const Rows rows = single([](Cells& cells) { cells.add_integer(300); });
  EXPECT_EQ(*rows.one<std::uint16_t>(), 300);
  EXPECT_EQ(
      rows.one<std::uint8_t>().status(),
      internal_error(
          "row 0, column 'value': an integer 300 where an integer in its range is asked for"));
  EXPECT_FALSE(rows.one<bool>().ok());
  EXPECT_EQ(*rows.one<double>(), 300.0);
  const Rows negative = single([](Cells& cells) { cells.add_integer(-1); });
  EXPECT_FALSE(negative.one<std::uint64_t>().ok());
}

TEST(Rows, ADoubleTakesOnlyIntegersThatItHolds) {
  const Rows rows =
      single([](Cells& cells) { cells.add_integer(std::numeric_limits<std::int64_t>::max()); });
  EXPECT_FALSE(rows.one<double>().ok());
  EXPECT_EQ(*rows.one<std::int64_t>(), std::numeric_limits<std::int64_t>::max());
}

TEST(Rows, BytesAreNoText) {
  const std::string content("a\0b", 3);
  const Rows rows = single([&](Cells& cells) { cells.add_bytes(content); });
  EXPECT_EQ(rows.one<Bytes>()->view(), content);
  EXPECT_FALSE(rows.one<std::string>().ok());
}

TEST(Rows, ATimeMayBeText) {
  const Timestamp moment = Timestamp(std::chrono::microseconds(1'700'000'000'123'456));
  EXPECT_EQ(*single([&](Cells& cells) { cells.add_time(moment); }).one<Timestamp>(), moment);
  EXPECT_EQ(*single([&](Cells& cells) { cells.add_text(to_text(moment)); }).one<Timestamp>(),
            moment);
  EXPECT_FALSE(single([](Cells& cells) { cells.add_text("today"); }).one<Timestamp>().ok());
}

}  // namespace
}  // namespace weft::sql
