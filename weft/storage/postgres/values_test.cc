#include "weft/storage/postgres/internal/values.h"

#include <string>

#include <gtest/gtest.h>

#include "weft/storage/postgres/connect/internal/cancel_request.h"
#include "weft/storage/postgres/internal/first_word.h"
#include "weft/storage/postgres/internal/parameters.h"
#include "weft/storage/postgres/internal/prepared_names.h"

namespace weft::postgres {
namespace {

sql::Cell read(Oid type, std::string_view text, sql::Cells& cells) {
  cells.clear();
  add_value(type, text, cells);
  return cells[0];
}

TEST(PostgresValues, ReadsTheTypesThatCellsHave) {
  sql::Cells cells;
  EXPECT_EQ(read(20, "-9223372036854775808", cells).integer, INT64_MIN);
  EXPECT_EQ(read(701, "1e-300", cells).real, 1e-300);
  EXPECT_EQ(read(16, "t", cells).type, sql::Type::Bool);
  EXPECT_EQ(read(17, "\\x00ff", cells).text, std::string_view("\0\xff", 2));
  EXPECT_EQ(read(1184, "1970-01-01 00:00:01+00", cells).integer, 1'000'000);
}

TEST(PostgresValues, WhatCannotBeReadIsText) {
  sql::Cells cells;
  for (const auto& [type, text] : {std::pair<Oid, std::string_view>{1184, "infinity"},
                                   {1184, "0044-03-15 BC"},
                                   {17, "\\x0"},
                                   {17, "\\xzz"},
                                   {20, "9223372036854775808"},
                                   {16, "maybe"},
                                   {1700, "1.50"}}) {
    EXPECT_EQ(read(type, text, cells).type, sql::Type::Text) << text;
    EXPECT_EQ(read(type, text, cells).text, text);
  }
}

TEST(PostgresValues, ParametersAreTextAndBytesAreBinary) {
  sql::Cells cells;
  cells.add_integer(-7);
  cells.add_null();
  cells.add_bytes(std::string_view("a\0b", 3));
  cells.add_bool(true);
  Parameters parameters;
  parameters.set(cells, 0, 4);
  EXPECT_STREQ(parameters.values()[0], "-7");
  EXPECT_EQ(parameters.values()[1], nullptr);
  EXPECT_EQ(std::string_view(parameters.values()[2], 3), std::string_view("a\0b", 3));
  EXPECT_EQ(parameters.lengths()[2], 3);
  EXPECT_EQ(parameters.formats()[2], 1);
  EXPECT_STREQ(parameters.values()[3], "t");
}

TEST(PreparedNames, ForgetTheLeastRecentlyUsed) {
  PreparedNames names(2);
  const std::string a = names.add("a").name;
  EXPECT_FALSE(names.add("b").evicted.has_value());
  EXPECT_EQ(*names.find("a"), a);
  const auto third = names.add("c");
  EXPECT_TRUE(third.evicted.has_value());
  EXPECT_EQ(names.find("b"), nullptr);
  EXPECT_EQ(*names.find("a"), a);
  names.remove("a", "another name");
  EXPECT_NE(names.find("a"), nullptr);
  names.remove("a", a);
  EXPECT_EQ(names.find("a"), nullptr);
}

TEST(CancelKey, IsReadInATrace) {
  const auto key = cancel_key_in(
      "2026-12-02\tB\t5\tReadyForQuery\t I\n2026-12-02\tB\t12\tBackendKeyData\t 28683 -145506\n");
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->process, 28683);
  EXPECT_EQ(key->secret, -145506);
  for (const char* text :
       {"", "\tBackendKeyData\t", "\tBackendKeyData\t 1", "BackendKeyData 1 2"}) {
    EXPECT_FALSE(cancel_key_in(text).has_value()) << text;
  }
}

TEST(FirstWord, OnlyWhatFailsAsAWholeSharesAConnection) {
  EXPECT_EQ(sharing_of(" \n(SELECT 1)"), Job::Sharing::Pipelined);
  EXPECT_EQ(sharing_of("insert into t values(1)"), Job::Sharing::Pipelined);
  for (const char* text :
       {"CALL f()", "VACUUM", "-- SELECT 1\nSET x = 1", "selected", "SET x = 1", "-- SELECT"}) {
    EXPECT_EQ(sharing_of(text), Job::Sharing::Alone) << text;
  }
}

TEST(FirstWord, IsBehindCommentsAndSemicolons) {
  for (const char* text : {"/* trace /* of */ it */ BEGIN", "-- x\n begin", ";BEGIN", "/**/;COMMIT",
                           "PREPARE TRANSACTION 'x'"}) {
    EXPECT_EQ(check_statement(sql::Statement(text)).code(), StatusCode::InvalidArgument) << text;
  }
  for (const char* text :
       {"/* BEGIN */ SELECT 1", "--BEGIN\nSELECT 1", "/* open", "SELECT -- BEGIN"}) {
    EXPECT_TRUE(check_statement(sql::Statement(text)).ok()) << text;
  }
  EXPECT_EQ(sharing_of("-- a comment\nSELECT 1"), Job::Sharing::Pipelined);
}

}  // namespace
}  // namespace weft::postgres
