#include "weft/storage/postgres/internal/postgres_error.h"

#include <gtest/gtest.h>

#include "weft/storage/sql/error.h"

namespace weft::postgres {
namespace {

TEST(PostgresError, ReadsTheStateOfARefusedConnection) {
  const ConnectError error = read_connect_error(
      "connection to server at \"10.0.0.1\", port 5432 failed: FATAL:  28P01: password "
      "authentication failed for user \"g\"\nLOCATION:  auth_failed, auth.c:334\n\n");
  EXPECT_EQ(error.sqlstate, "28P01");
  EXPECT_EQ(error.text, "password authentication failed for user \"g\"");
}

TEST(PostgresError, AServerThatDoesNotAnswerHasAStateToo) {
  const ConnectError error = read_connect_error(
      "connection to server at \"10.0.0.1\", port 1 failed: Connection refused\n\tIs it running?");
  EXPECT_EQ(error.sqlstate, "08001");
  EXPECT_EQ(error.text, "Connection refused");
  EXPECT_EQ(read_connect_error("").text, "");
  EXPECT_EQ(read_connect_error("FATAL:  28P0").sqlstate, "08001");
}

TEST(PostgresError, AnUnknownOutcomeIsNotToBeRepeated) {
  const Status status = error_with(kOutcomeUnknown, "lost");
  EXPECT_EQ(status.code(), StatusCode::Unknown);
  EXPECT_EQ(sql::error_detail(status)->database, "postgresql");
  EXPECT_FALSE(sql::may_be_repeated(status));
}

}  // namespace
}  // namespace weft::postgres
