#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weft/edge/rest/stream/internal/line_splitter.h"

namespace {

using weft::edge::rest::LineSplitter;

/// All lines, each with a newline behind it, of content that comes in parts of `step` bytes.
std::string split(std::string_view content, std::size_t step) {
  LineSplitter lines(SIZE_MAX);
  std::string all;
  const auto take = [&] {
    for (std::string_view line; lines.next(line);) {
      if (line.empty() || line.find('\n') != std::string_view::npos) std::abort();
      all.append(line).append("\n");
    }
  };
  while (!content.empty()) {
    const std::string_view part = content.substr(0, step);
    lines.push(part);
    take();
    content.remove_prefix(part.size());
  }
  lines.finish();
  take();
  if (lines.has_line()) std::abort();
  return all;
}

}  // namespace

// Content of lines. Whole or in parts it has the same lines, which are the lines of what they are
// together.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view content(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = split(content, std::max<std::size_t>(content.size(), 1));
  if (split(content, std::size_t{1} + data[0] % 16) != whole) std::abort();
  if (split(whole, 7) != whole) std::abort();
  return 0;
}
