#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "weft/net/loop/wait.h"
#include "weft/storage/postgres/internal/values.h"
#include "weft/storage/sql/rows.h"
#include "weft/storage/sql/statement.h"

namespace weft::postgres {

class Connection;

/// Something that a coroutine waits for: a statement's result, or a connection of its own. The
/// coroutine may be gone before it has ended.
struct Job {
  enum class Kind : std::uint8_t {
    Statement,  ///< prepared, and run as often as it has parameters
    Control,    ///< BEGIN, COMMIT, ROLLBACK, and what else concerns transactions
    Lease,      ///< a connection to be used alone
  };
  enum class Sharing : std::uint8_t { Pipelined, Alone };
  /// Of a connection that is lost before the answer came.
  enum class Lost : std::uint8_t {
    Nothing,         ///< nothing has happened
    OutcomeUnknown,  ///< it may have happened
  };

  Job(Kind what, sql::Statement text) : kind(what), statement(std::move(text)) {}

  /// Gives the result to who waits; the first end counts.
  void end(Status with) {
    if (std::exchange(ended, true)) return;
    status = std::move(with);
    connection = nullptr;
    if (wait != nullptr) wait->complete();
  }
  sql::Rows rows() { return {std::move(names), std::move(cells), changed}; }

  Kind kind;
  Sharing sharing = Sharing::Alone;
  Lost lost = Lost::Nothing;
  bool ended = false;
  bool abandoned = false;  ///< its Context has ended: it is cancelled as soon as it runs
  bool repeated = false;   ///< it was sent again already: only once
  sql::Statement statement;
  net::Wait* wait = nullptr;         ///< of the coroutine that waits
  Connection* connection = nullptr;  ///< that it was handed to

  // The result, as far as it has come.
  Status status;
  std::shared_ptr<const sql::ColumnNames> names;
  sql::Cells cells;
  std::uint64_t changed = 0;
  std::shared_ptr<Connection> leased;  ///< of Lease
};
using JobPtr = std::shared_ptr<Job>;

}  // namespace weft::postgres
