#pragma once

#include <string_view>

/// weft's version. It stands here and nowhere else: CMake, the packages, `weft --version` and the
/// user-agent read it. Before 1.0 a minor version may change what users see.
#define WEFT_VERSION_MAJOR 0
#define WEFT_VERSION_MINOR 2
#define WEFT_VERSION_PATCH 0

/// For comparisons in the preprocessor: 0.2.0 is 200, 1.2.3 is 10203.
#define WEFT_VERSION_NUMBER \
  (WEFT_VERSION_MAJOR * 10000 + WEFT_VERSION_MINOR * 100 + WEFT_VERSION_PATCH)

#define WEFT_VERSION_TEXT_(major, minor, patch) #major "." #minor "." #patch
#define WEFT_VERSION_TEXT(major, minor, patch) WEFT_VERSION_TEXT_(major, minor, patch)
/// "0.2.0", as a literal.
#define WEFT_VERSION WEFT_VERSION_TEXT(WEFT_VERSION_MAJOR, WEFT_VERSION_MINOR, WEFT_VERSION_PATCH)

namespace weft {

/// The version whose headers a program was compiled with.
inline constexpr std::string_view kVersion = WEFT_VERSION;

}  // namespace weft
