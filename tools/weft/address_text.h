#pragma once

#include <string>
#include <string_view>

#include "weft/base/result.h"

namespace weft::cli {

/// The channel target that a user's ADDRESS means: `:50051` is this machine, everything else is
/// taken as net::Target reads it. INVALID_ARGUMENT with the text and the forms there are otherwise.
Result<std::string> target_of(std::string_view address);

}  // namespace weft::cli
