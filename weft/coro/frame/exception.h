#pragma once

#include <string_view>

#include "weft/base/status.h"

namespace weft::coro {

/// What becomes of an exception of the user's code at the border where it is caught: INTERNAL with
/// a message that says `where` but not the exception's text, which is logged (see log_value(): it
/// may quote a peer) and not for a peer's eyes; RESOURCE_EXHAUSTED for std::bad_alloc. Call it
/// inside a catch block.
Status status_of_current_exception(std::string_view where) noexcept;

}  // namespace weft::coro
