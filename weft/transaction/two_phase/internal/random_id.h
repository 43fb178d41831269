#pragma once

#include <cstddef>
#include <string>

#include "weft/base/result.h"

namespace weft::transaction::internal {

/// `bytes` of OpenSSL's random generator, at most 32, in hexadecimal: nobody can guess it. INTERNAL
/// where the system gives no randomness.
Result<std::string> random_id(std::size_t bytes);

}  // namespace weft::transaction::internal
