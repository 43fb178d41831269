#pragma once

#include <string_view>

namespace weft {

/// Ends the program because of a mistake in its code after which nothing can go on: a stream read
/// twice at once, the value of a failed Result. `mistake` is one sentence that names it; it goes to
/// the log as an error, or to standard error where the log shows no errors. From any thread.
[[noreturn, gnu::cold]] void fatal(std::string_view mistake) noexcept;

}  // namespace weft
