#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "weft/base/result.h"
#include "weft/storage/sql/rows.h"
#include "weft/storage/sql/statement.h"

struct sqlite3;
struct sqlite3_stmt;

namespace weft::sqlite {

/// A statement that SQLite has compiled. Belongs to one connection, and goes before it.
class Prepared {
 public:
  Prepared(sqlite3_stmt* statement, std::string text);
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared();

  /// INVALID_ARGUMENT where a run has another number of parameters than the statement takes.
  Status check(const sql::Statement& statement) const;
  /// Binds the parameters of run `run`; they must outlive it. A code of SQLite's.
  int bind(const sql::Statement& statement, std::size_t run);
  /// Forgets the parameters and lets go of what the statement holds.
  void reset() noexcept;
  bool only_reads() const noexcept;
  sqlite3_stmt* handle() const noexcept { return statement_; }
  const std::string& text() const noexcept { return text_; }
  /// Of the result; anew where SQLite compiled the statement again because the schema has changed.
  const std::shared_ptr<const sql::ColumnNames>& names();

 private:
  sqlite3_stmt* statement_;
  std::string text_;
  // Which parameter of the caller's each of SQLite's is, from 0: SQLite numbers "$2" by where it
  // comes first.
  std::vector<std::size_t> order_;
  std::size_t takes_ = 0;  // parameters
  std::shared_ptr<const sql::ColumnNames> names_;
  int compiled_again_ = 0;
};

/// The statements that a connection used last, by their text.
class PreparedCache {
 public:
  explicit PreparedCache(std::size_t most) noexcept : most_(most) {}
  /// Null where it is not there; else it is now the one used last.
  Prepared* find(std::string_view text);
  /// The one used longest ago goes where there are too many.
  Prepared& add(std::unique_ptr<Prepared> prepared);
  void clear() noexcept;

 private:
  using List = std::list<std::unique_ptr<Prepared>>;
  const std::size_t most_;
  List used_;  // the last at the front
  std::unordered_map<std::string_view, List::iterator> by_text_;
};

}  // namespace weft::sqlite
