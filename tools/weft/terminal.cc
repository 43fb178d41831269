#include "tools/weft/terminal.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

namespace weft::cli {

Style Style::coloured() noexcept {
  return {.reset = "\033[0m",
          .bold = "\033[1m",
          .dim = "\033[2m",
          .red = "\033[31m",
          .green = "\033[32m",
          .yellow = "\033[33m",
          .blue = "\033[34m"};
}

Style Style::of(int descriptor) noexcept {
  const char* no_color = std::getenv("NO_COLOR");
  const bool refused = no_color != nullptr && *no_color != '\0';
  return is_terminal(descriptor) && !refused && !is_dumb_terminal() ? coloured() : plain();
}

std::string Style::paint(std::string_view colour, std::string_view text) const {
  std::string out(colour);
  out += text;
  out += reset;
  return out;
}

bool is_terminal(int descriptor) noexcept { return isatty(descriptor) == 1; }

bool is_dumb_terminal() noexcept {
  const char* term = std::getenv("TERM");
  return term != nullptr && std::string_view(term) == "dumb";
}

std::size_t terminal_width(int descriptor) noexcept {
  winsize size{};
  const bool known = is_terminal(descriptor) && ioctl(descriptor, TIOCGWINSZ, &size) == 0;
  return known && size.ws_col != 0 ? size.ws_col : SIZE_MAX;
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    // A word, with the blanks before it.
    const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (column + end > width && column > indent) {
      out.append("\n").append(indent, ' ').append(text.substr(begin, end - begin));
      column = indent + end - begin;
    } else {
      out += text.substr(0, end);
      column += end;
    }
    text.remove_prefix(end);
  }
  return out;
}

}  // namespace weft::cli
