#pragma once

#include <string>

#include "weft/base/result.h"

namespace weft::transaction::internal {

/// What others see as the holder of this process's locks: `given`, or "host:process id" where that
/// is empty. INVALID_ARGUMENT for more than Locks::kMostName bytes.
Result<std::string> holder_name(std::string given);

}  // namespace weft::transaction::internal
