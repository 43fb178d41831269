#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/database.h"

/// PostgreSQL for coroutines, by libpq's asynchronous and pipeline modes: no loop waits for a
/// server.
namespace weft::postgres {

class Options {
 public:
  // No aggregate: GCC 12 destroys a temporary one twice inside a co_await expression.
  Options() {}

  /// Connections of each loop; they are opened when they are needed.
  std::size_t connections = 8;
  /// Statements that share a connection where all are in use: each is answered in its turn. 1: none
  /// do.
  std::size_t pipeline_depth = 32;
  /// Statements that wait for a connection of a loop; more are refused with RESOURCE_EXHAUSTED.
  std::size_t max_waiting = 65536;
  /// Statements that each connection keeps prepared.
  std::size_t prepared_statements = 256;
  /// For each server that is tried, its name and TLS included.
  Duration connect_timeout = std::chrono::seconds(5);
  /// How long a cancelled statement may take to end; then its connection is closed.
  Duration cancel_timeout = std::chrono::seconds(2);
  /// A connection that nobody uses is closed after this.
  Duration idle_connection = std::chrono::minutes(5);
  /// A connection is replaced when it is as old as this and nobody uses it.
  Duration connection_age = std::chrono::minutes(30);
  /// A transaction is rolled back by the server when nothing comes for so long: it keeps others
  /// out, also where this program is frozen. `options=-c
  /// idle_in_transaction_session_timeout=...` in the connection string goes before it.
  Duration idle_transaction = std::chrono::seconds(30);
  /// The values of one result.
  std::size_t max_result_bytes = std::size_t{64} << 20;
};

class PostgresDriver;

/// A PostgreSQL server, or several of which one is used. A handle to copy; the last one closes the
/// connections. Used from coroutines on any loop that is not simulated: each has connections of its
/// own.
///
/// Statements outside of transactions share connections by libpq's pipeline mode where all are in
/// use. CALL, DO and what defines or maintains things have one to themselves, as transactions have.
class Database final : public sql::Database {
 public:
  explicit Database(std::shared_ptr<PostgresDriver> driver);
};

/// Reads libpq's connection string or URL ("postgresql://user@db1,db2/accounts?
/// target_session_attrs=read-write") with what libpq adds of its own (environment, password file),
/// and connects once, so that a mistake is said at once.
///
/// - INVALID_ARGUMENT: the text cannot be read. Errors do not repeat it: it may have a password.
/// - FAILED_PRECONDITION: the server does not let this program in (SQLSTATE 28).
/// - UNAVAILABLE: no server answers, or none is what target_session_attrs asks for.
/// - RESOURCE_EXHAUSTED: the server has no connection left (53300).
[[nodiscard]] Task<Result<Database>> open(std::string connection_string, Options options = {});

}  // namespace weft::postgres
