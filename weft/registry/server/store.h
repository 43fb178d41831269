#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "weft/base/result.h"

namespace weft_wire::weft::registry::v1 {
class Instance;
}

namespace weft::registry {

class Record;
struct Saved;
struct StoreBatch;

/// What load() holds what is stored against: a file may have been changed by others, or written
/// when limits were wider.
struct LoadLimits {
  /// Why a record cannot be used; called once for each that can be read. Empty: all can.
  std::function<Status(const Record& record,
                       const weft_wire::weft::registry::v1::Instance& instance)>
      check{};
  /// The changes that are kept, and bytes of memory that they take.
  std::size_t history = SIZE_MAX;
  std::size_t history_memory = SIZE_MAX;
};

/// What of a registry survives its restart. Used by one RegistryService at a time.
class Store {
 public:
  virtual ~Store() = default;
  /// What was committed. Called before the first commit(). A record that cannot be used is put
  /// aside and said on the log, and then no changes are kept, so that watches begin anew.
  virtual Result<Saved> load(const LoadLimits& limits) = 0;
  /// All of the batch, durably, or nothing of it. May block, so it is called on a thread where that
  /// does no harm; one call at a time.
  virtual Status commit(const StoreBatch& batch) = 0;
};

/// In a SQLite file, which is made where there is none, for this user only. sqlite_store.cc says
/// how it is laid out. A file of an older format is brought to this one. DATA_LOSS for a file that
/// is damaged or no SQLite file, FAILED_PRECONDITION for one that is another program's or a newer
/// weft's, UNAVAILABLE where another process has it; none of them is changed.
Result<std::shared_ptr<Store>> open_sqlite_store(const std::string& path);

/// In memory: for tests and simulations, where it outlives the RegistryService that is restarted.
class MemoryStore : public Store {
 public:
  /// What commit() gives instead of committing, where it is not OK.
  std::function<Status()> fault;
};
std::shared_ptr<MemoryStore> make_memory_store();

}  // namespace weft::registry
