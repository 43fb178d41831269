#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/weft/terminal.h"

namespace weft::cli {

enum class JsonLayout : std::uint8_t {
  Compact,  ///< on one line
  Pretty,   ///< a field a line, indented by two spaces
};

/// Lays out `json`, one valid value without white space between its tokens, and paints names and
/// values where `style` has colours. No newline at the end.
std::string print_json(std::string_view json, JsonLayout layout, const Style& style);

}  // namespace weft::cli
