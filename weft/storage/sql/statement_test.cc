#include "weft/storage/sql/statement.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace weft::sql {
namespace {

TEST(Statement, KeepsItsParametersByType) {
  const std::string text = "long enough for no small string";
  const Statement statement("SELECT $1", 1, 2.5, true, text, "literal", Bytes::of_static("raw"),
                            std::nullopt, std::optional<int>(), std::optional<std::string>("set"),
                            Timestamp(std::chrono::microseconds(5)));
  const Cells& cells = statement.parameters();
  ASSERT_EQ(cells.size(), 10U);
  EXPECT_EQ(cells[0].integer, 1);
  EXPECT_EQ(cells[1].real, 2.5);
  EXPECT_EQ(cells[2].type, Type::Bool);
  EXPECT_EQ(cells[3].text, text);
  EXPECT_EQ(cells[4].type, Type::Text);
  EXPECT_EQ(cells[5].type, Type::Bytes);
  EXPECT_EQ(cells[6].type, Type::Null);
  EXPECT_EQ(cells[7].type, Type::Null);
  EXPECT_EQ(cells[8].text, "set");
  EXPECT_EQ(cells[9].type, Type::Time);
  EXPECT_EQ(statement.runs(), 1U);
}

TEST(Statement, RunsOnceForEachSetOfParameters) {
  Statement statement("INSERT INTO users VALUES ($1, $2)");
  EXPECT_EQ(statement.runs(), 1U);
  statement.add(1, "Ada").add(2, "Bob");
  EXPECT_EQ(statement.runs(), 2U);
  EXPECT_EQ(statement.parameters_each(), 2U);
  EXPECT_TRUE(statement.status().ok());
}

TEST(Statement, RefusesSetsOfAnotherSize) {
  Statement statement("INSERT INTO users VALUES ($1, $2)", 1, "Ada");
  statement.add(2);
  EXPECT_EQ(statement.status(),
            invalid_argument("set 2 of the parameters has 1, the sets before it have 2"));
}

TEST(Statement, RefusesAnIntegerBeyondSql) {
  const Statement statement("SELECT $1", "a", std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(statement.status().message(),
            "parameter $2: 18446744073709551615 is above 9223372036854775807, the largest integer "
            "of SQL");
}

}  // namespace
}  // namespace weft::sql
