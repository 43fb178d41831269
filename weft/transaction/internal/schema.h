#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/database.h"

namespace weft::transaction::internal {

enum class Dialect : std::uint8_t { Sqlite, Postgres };

/// Tables that a part of this room keeps in a program's database. What has been released does not
/// change; a later version comes behind it.
struct Schema {
  std::string_view part;  ///< "replies"
  std::int64_t version;
  /// With the marks below; BLOB becomes BYTEA in PostgreSQL.
  std::span<const std::string_view> statements;
};

/// Makes the tables where they are not there yet, in a transaction. FAILED_PRECONDITION where a
/// newer program has made them; UNIMPLEMENTED for a database that is neither SQLite nor PostgreSQL.
Task<Result<Dialect>> set_up(sql::Database database, Schema schema);

/// As set_up(), but makes nothing: NOT_FOUND where the tables are not there.
Task<Result<Dialect>> look_up(sql::Database database, Schema schema);

/// The statement with its kNow: the database's clock in milliseconds since 1970, so that the clocks
/// of programs need not agree.
std::string with_clock(std::string_view statement, Dialect dialect);
inline constexpr std::string_view kNow = "{now}";
/// Types of columns: a primary key that counts up, and PostgreSQL's transaction id, since numbers
/// of a sequence do not come in the order of commits.
inline constexpr std::string_view kNumber = "{number}";
inline constexpr std::string_view kCommitOrder = "{commit order}";

}  // namespace weft::transaction::internal
