#pragma once

#include <string_view>

#include "weft/base/result.h"
#include "weft/base/time.h"

namespace weft::cli {

/// Reads "500ms", "1.5s", "2m": a positive decimal number and one of the units ns, us, ms, s, m, h.
/// INVALID_ARGUMENT with the text otherwise, a missing unit included.
Result<Duration> parse_duration(std::string_view text);

}  // namespace weft::cli
