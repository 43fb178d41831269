#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "weft/registry/server/internal/record.h"
#include "weft/registry/server/internal/sqlite.h"
#include "weft/registry/server/store.h"

namespace weft::registry {

/// Reads the rows of a registry's file (sqlite_store.cc) for what they are: bytes that anybody may
/// have written. A row that cannot be used is moved to the table `rejected`, with the reason, and
/// said on the log; the others are read.
class StoreRows {
 public:
  /// All outlive it. `saved` has what the table `meta` says.
  StoreRows(Database& database, const std::string& path, const LoadLimits& limits, Saved& saved)
      : database_(database), path_(path), limits_(limits), saved_(saved) {}

  Status read_entries();
  /// The last changes, without a gap.
  Status read_changes();
  /// Moves what was found wrong. To be called last.
  Status put_aside();

 private:
  /// A row by its key: of `entries`, or of `changes` where there is no id.
  struct Rejected {
    static Rejected of(const Statement& row, std::initializer_list<int> key, const Status& why);
    std::vector<SqliteValue> key;
    std::string why;
  };
  Status read_entry(const Statement& row);
  Status check_entry(const Statement& row) const;
  Result<ChangeRecord> change_of(const Statement& row) const;
  void tell(const std::string& what, const Status& why) const;
  Status move(const char* insert, const char* erase, const std::vector<Rejected>& rows);

  Database& database_;
  const std::string& path_;
  const LoadLimits& limits_;
  Saved& saved_;
  std::vector<Rejected> entries_;
  std::vector<Rejected> changes_;
};

}  // namespace weft::registry
