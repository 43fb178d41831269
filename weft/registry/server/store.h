#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "weft/base/result.h"

namespace weft::registry {

struct Saved;
struct StoreBatch;

/// What of a registry survives its restart. Used by one RegistryService at a time.
class Store {
 public:
  virtual ~Store() = default;
  /// Everything that was committed. Called once, before the first commit().
  virtual Result<Saved> load() = 0;
  /// All of the batch, durably, or nothing of it. May block, so it is called on a thread where that
  /// does no harm; one call at a time.
  virtual Status commit(const StoreBatch& batch) = 0;
};

/// In a SQLite file, which is made where there is none. sqlite_store.cc says how it is laid out.
/// DATA_LOSS for a file that is damaged or no SQLite file, FAILED_PRECONDITION for one that is
/// another program's or a newer weft's, UNAVAILABLE where another process has it; none of them is
/// changed.
Result<std::shared_ptr<Store>> open_sqlite_store(const std::string& path);

/// In memory: for tests and simulations, where it outlives the RegistryService that is restarted.
class MemoryStore : public Store {
 public:
  /// What commit() gives instead of committing, where it is not OK.
  std::function<Status()> fault;
};
std::shared_ptr<MemoryStore> make_memory_store();

}  // namespace weft::registry
