#pragma once

#include <memory>
#include <string_view>

#include "weft/storage/postgres/internal/libpq.h"
#include "weft/storage/sql/cells.h"
#include "weft/storage/sql/rows.h"

namespace weft::postgres {

/// Adds a value in PostgreSQL's text form: bool, integers, floating point, bytea and timestamps as
/// what they are, all else, and what cannot be read ("infinity"), as text. `type` is the OID.
void add_value(Oid type, std::string_view text, sql::Cells& into);

/// Adds all rows of a result.
void add_rows(const PGresult* result, sql::Cells& into);

/// The names of a result's columns.
std::shared_ptr<const sql::ColumnNames> names_of(const PGresult* result);

}  // namespace weft::postgres
