#pragma once

#include <cstdint>
#include <vector>

#include "weft/registry/server/internal/record.h"

namespace weft::registry {

/// What is committed together.
struct StoreBatch {
  std::vector<ChangeRecord> changes;
  /// Changes up to this revision are not kept any more.
  std::uint64_t compacted = 0;
};

}  // namespace weft::registry
