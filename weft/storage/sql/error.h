#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "weft/base/status.h"

namespace weft::sql {

/// What a database says of an error beside its text. It travels in the Status as a
/// google.rpc.ErrorInfo with `reason` = the SQLSTATE and `domain` = the database.
struct ErrorDetail {
  std::string database;  ///< "sqlite", "postgresql"
  std::string sqlstate;  ///< five characters, as SQL and PostgreSQL have them: "23505"
  std::string native;    ///< the database's own code, if it has another: "SQLITE_CONSTRAINT_UNIQUE"
  std::string constraint;  ///< that was violated; of SQLite the columns: "users.email"
  std::string position;    ///< in the statement, from 1, in characters; empty where not known
};

/// The gRPC code for a SQLSTATE; docs/reference/sql-errors.md has the table.
StatusCode code_of_sqlstate(std::string_view sqlstate) noexcept;

/// A database's error as a Status.
Status error_status(const ErrorDetail& detail, std::string_view message,
                    Origin origin = Origin::Peer);

/// What error_status() kept; nothing for a status that is from elsewhere.
std::optional<ErrorDetail> error_detail(const Status& status);

/// Whether the whole transaction may succeed when it is run again: a serialization failure or a
/// deadlock (SQLSTATE 40001, 40P01), after which nothing has happened.
bool may_be_repeated(const Status& status);

}  // namespace weft::sql
