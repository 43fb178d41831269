#pragma once

#include <cstdint>
#include <string>

#include "weft/base/time.h"

namespace weft::transaction {

/// Who holds a lock, as the store knew it a moment ago.
struct LockHolder {
  std::string name;        ///< given to Locks::open(), or "host:process id"
  std::int64_t token = 0;  ///< its fencing token
  Duration left{};         ///< of its lease, by the store's clock
};

}  // namespace weft::transaction
