#pragma once

#include <string_view>

namespace weft::generator {

/// Whether a header of the C library or of Linux defines a macro of this name.
bool is_macro(std::string_view name);

}  // namespace weft::generator
