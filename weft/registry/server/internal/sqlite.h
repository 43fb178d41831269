#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "weft/base/result.h"

struct sqlite3;
struct sqlite3_stmt;
struct sqlite3_value;

namespace weft::registry {

/// What a SQLite result code means to who called us, naming the file: the one place where such
/// codes become statuses.
Status status_of_sqlite(int code, std::string_view file, std::string_view message);

/// A value of a row, with its type, beyond the row.
class SqliteValue {
 public:
  explicit SqliteValue(sqlite3_value* value) noexcept : value_(value) {}
  SqliteValue(SqliteValue&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  SqliteValue& operator=(SqliteValue&&) = delete;
  ~SqliteValue();

 private:
  friend class Statement;
  sqlite3_value* value_;
};

/// A statement that is prepared once. Belongs to one Database and goes before it.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  /// Parameters are counted from 1.
  Statement& bind(int index, std::int64_t value);
  Statement& bind_text(int index, std::string_view value);
  Statement& bind_blob(int index, std::string_view value);
  Statement& bind_value(int index, const SqliteValue& value);
  /// True: there is a row. False: the statement is done, and can be bound and run again.
  Result<bool> step();
  /// Runs it to its end.
  Status run();
  std::int64_t integer(int column) const;
  std::string bytes(int column) const;
  SqliteValue value(int column) const;
  bool is_integer(int column) const;
  bool is_text(int column) const;
  bool is_blob(int column) const;

 private:
  friend class Database;
  sqlite3_stmt* statement_ = nullptr;
  std::string_view file_;
  int bind_error_ = 0;
};

/// A connection to a SQLite file, for one thread at a time.
class Database {
 public:
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  /// Opens the file, or makes an empty one.
  Status open(const std::string& path);
  /// One or more statements without parameters and results.
  Status execute(const char* sql);
  Result<Statement> prepare(std::string_view sql);
  /// The one number that a statement gives.
  Result<std::int64_t> number(std::string_view sql);
  /// The one text that a statement gives.
  Result<std::string> text(std::string_view sql);
  bool in_transaction() const;

 private:
  Status error(int code) const;
  std::string path_;
  sqlite3* connection_ = nullptr;
};

}  // namespace weft::registry
