#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>

#include "weft/storage/redis/protocol/parser.h"

namespace {

using weft::redis::Parser;

/// All replies of `bytes`, which come in pieces of `piece`, as text.
std::string replies_of(std::string_view bytes, std::size_t piece) {
  weft::redis::ReplyLimits limits;
  limits.elements = 1000;
  limits.bytes = std::size_t{1} << 16;
  Parser parser(limits);
  std::ostringstream out;
  while (!bytes.empty()) {
    std::string_view now = bytes.substr(0, piece);
    bytes.remove_prefix(now.size());
    while (!now.empty()) {
      const Parser::Progress progress = parser.read(now);
      if (progress == Parser::Progress::NeedMore) break;
      if (progress == Parser::Progress::Broken) {
        out << "broken\n";
        return out.str();
      }
      out << parser.take() << '\n';
    }
  }
  return out.str();
}

}  // namespace

// Whatever comes, and in whichever pieces, the replies are the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = replies_of(bytes, size);
  if (replies_of(bytes, 1) != whole || replies_of(bytes, 7) != whole) std::abort();
  return 0;
}
