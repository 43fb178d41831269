#pragma once

#include <string>
#include <string_view>

#include "weft/base/status.h"

namespace weft::foreign {

/// An error for protocols whose errors are texts: "NOT_FOUND: no such book".
std::string error_text(const Status& status);

/// What the text of a peer's error says: a code in front of it, one of the errors that Go's package
/// net/rpc makes itself, or UNKNOWN.
Status status_of_error(std::string_view text);

}  // namespace weft::foreign
