#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft::cli {

/// Escape sequences for one output; all empty where it is no terminal, or NO_COLOR is set
/// (https://no-color.org), so that text can be put together the same way in both cases.
struct Style {
  std::string_view reset;
  std::string_view bold;
  std::string_view dim;
  std::string_view red;
  std::string_view green;
  std::string_view yellow;
  std::string_view blue;

  static Style plain() noexcept { return {}; }
  static Style coloured() noexcept;
  /// For what is written to this file descriptor.
  static Style of(int descriptor) noexcept;

  std::string paint(std::string_view colour, std::string_view text) const;
};

bool is_terminal(int descriptor) noexcept;
/// TERM says that the terminal knows no escape sequences.
bool is_dumb_terminal() noexcept;

/// Columns of the terminal; SIZE_MAX where it is none, or does not say.
std::size_t terminal_width(int descriptor) noexcept;

/// `text` with line breaks where words would go beyond `width` columns, and `indent` columns before
/// the lines that makes. The first line begins at column `indent`; a byte counts as a column.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

}  // namespace weft::cli
