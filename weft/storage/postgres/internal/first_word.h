#pragma once

#include <string_view>

#include "weft/base/status.h"
#include "weft/storage/postgres/internal/job.h"
#include "weft/storage/sql/statement.h"

namespace weft::postgres {

/// INVALID_ARGUMENT for what the interface has functions for (BEGIN, COMMIT, ...), for COPY, and
/// for what PostgreSQL's text cannot carry.
Status check_statement(const sql::Statement& statement);

/// COMMIT PREPARED and ROLLBACK PREPARED: they end another transaction than the connection's, and
/// are not to be prepared as statements, since each has a text of its own.
bool ends_prepared(std::string_view text) noexcept;

/// Whether a statement may share a connection: a query, or one that changes rows. What it does is
/// undone as a whole where it fails.
Job::Sharing sharing_of(std::string_view text) noexcept;

/// What is known of a statement whose connection is lost before its answer: a query has changed
/// nothing, unless it calls a function that does.
Job::Lost lost_of(std::string_view text) noexcept;

}  // namespace weft::postgres
