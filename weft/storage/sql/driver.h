#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/storage/sql/rows.h"
#include "weft/storage/sql/statement.h"

namespace weft::sql {

/// What a transaction may do.
enum class Access : std::uint8_t { ReadWrite, ReadOnly };
/// How far it is kept from others; SQLite's are always serializable.
enum class Isolation : std::uint8_t { Default, ReadCommitted, RepeatableRead, Serializable };

struct BeginOptions {
  Access access = Access::ReadWrite;
  Isolation isolation = Isolation::Default;
};
static_assert(std::is_trivially_destructible_v<BeginOptions>, "it stands in co_await expressions");

/// A database's end of a Transaction, for who writes a driver. Its Tasks run one at a time, on the
/// loop that began it.
class Session {
 public:
  /// Rolls back without waiting for it, where neither commit() nor rollback() has ended.
  virtual ~Session() = default;
  virtual Task<Result<Rows>> run(Statement statement) = 0;
  virtual Task<Status> commit() = 0;
  virtual Task<Status> rollback() = 0;
  /// As Transaction::prepare(). UNIMPLEMENTED where the database has no such transactions.
  virtual Task<Status> prepare(std::string name);
};

/// A database, for who writes a driver. Shared by the Databases that were copied from one; used
/// from any loop.
class Driver {
 public:
  virtual ~Driver() = default;
  virtual Task<Result<Rows>> run(Statement statement) = 0;
  virtual Task<Result<std::unique_ptr<Session>>> begin(BeginOptions options) = 0;
};

}  // namespace weft::sql
