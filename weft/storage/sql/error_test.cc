#include "weft/storage/sql/error.h"

#include <cstddef>
#include <string>

#include <gtest/gtest.h>

namespace weft::sql {
namespace {

TEST(SqlError, KeepsWhatTheDatabaseSaid) {
  const ErrorDetail detail{.database = "sqlite",
                           .sqlstate = "23505",
                           .native = "SQLITE_CONSTRAINT_UNIQUE",
                           .constraint = std::string(300, 'c'),
                           .position = "12"};
  const Status status = error_status(detail, "a duplicate");
  EXPECT_EQ(status.to_string(), "ALREADY_EXISTS: a duplicate");
  const auto read = error_detail(status);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->database, "sqlite");
  EXPECT_EQ(read->sqlstate, "23505");
  EXPECT_EQ(read->native, "SQLITE_CONSTRAINT_UNIQUE");
  EXPECT_EQ(read->constraint, detail.constraint);
  EXPECT_EQ(read->position, "12");
}

TEST(SqlError, ASingleCodeGoesBeforeItsClass) {
  EXPECT_EQ(code_of_sqlstate("22003"), StatusCode::OutOfRange);
  EXPECT_EQ(code_of_sqlstate("22P02"), StatusCode::InvalidArgument);
  EXPECT_EQ(code_of_sqlstate("40003"), StatusCode::Unknown);
  EXPECT_EQ(code_of_sqlstate("40P01"), StatusCode::Aborted);
  EXPECT_EQ(code_of_sqlstate("42601"), StatusCode::Internal);
  EXPECT_EQ(code_of_sqlstate(""), StatusCode::Internal);
}

TEST(SqlError, OtherStatusesHaveNoDetail) {
  EXPECT_FALSE(error_detail(not_found("x")));
  EXPECT_FALSE(error_detail(not_found("x").with_details("no status at all")));
}

TEST(SqlError, CutDetailsAreRefused) {
  const ErrorDetail detail{
      .database = "sqlite", .sqlstate = "40001", .native = "N", .constraint = "", .position = ""};
  const Status whole = error_status(detail, "m");
  const std::string bytes(whole.details());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Status cut = whole.with_details(bytes.substr(0, size));
    EXPECT_FALSE(may_be_repeated(cut)) << size;
  }
  EXPECT_TRUE(may_be_repeated(whole));
}

TEST(SqlError, OnlySerializationFailuresAreRepeated) {
  EXPECT_FALSE(may_be_repeated(aborted("by somebody else")));
}

}  // namespace
}  // namespace weft::sql
