#include "weft/transaction/barrier/barrier.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "weft/transaction/internal/schema.h"

namespace weft::transaction {
namespace {

// internal/entry.h says what id and place are. action: the one that wrote the row. request: its
// Fingerprint. code: null in the place "do" where an undo or cancel holds it; else the gRPC code,
// with message and details of an error, or the reply's message. at: milliseconds since 1970.
constexpr std::array<std::string_view, 2> kTables = {
    "CREATE TABLE weft_once(id TEXT NOT NULL, place TEXT NOT NULL, action TEXT NOT NULL, "
    "request BLOB NOT NULL, code BIGINT, message BLOB, details BLOB, reply BLOB, "
    "at BIGINT NOT NULL DEFAULT ({now}), PRIMARY KEY(id, place))",
    "CREATE INDEX weft_once_at ON weft_once(at)"};

/// All rows of an id at once, when the youngest is old: without its do an undo's place would let
/// the do run again. In portions, so that no statement holds the database for long. The clock in a
/// subquery, so that PostgreSQL asks it once and can use the index.
constexpr std::string_view kForget =
    "DELETE FROM weft_once WHERE id IN (SELECT id FROM weft_once AS old "
    "WHERE at < (SELECT {now}) - $1 AND NOT EXISTS (SELECT 1 FROM weft_once AS young "
    "WHERE young.id = old.id AND young.at >= (SELECT {now}) - $1) ORDER BY at LIMIT $2)";
constexpr std::uint64_t kPortion = 1000;

}  // namespace

Task<Result<Barrier>> Barrier::open(sql::Database database) {
  const Result<internal::Dialect> dialect = co_await internal::set_up(
      database, internal::Schema{.part = "once", .version = 1, .statements = kTables});
  if (!dialect.ok()) co_return dialect.status();
  co_return Barrier(std::move(database), *dialect == internal::Dialect::Postgres);
}

Task<Result<std::uint64_t>> Barrier::forget(Duration older) const {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(older).count();
  const std::string portion = internal::with_clock(
      kForget, postgres_ ? internal::Dialect::Postgres : internal::Dialect::Sqlite);
  sql::Database database = database_;
  std::uint64_t all = 0;
  while (true) {
    const Result<sql::Rows> removed = co_await database.run(portion, milliseconds, kPortion);
    if (!removed.ok()) co_return removed.status();
    all += removed->changed();
    if (removed->changed() < kPortion) co_return all;
  }
}

}  // namespace weft::transaction
