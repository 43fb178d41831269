#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "weft/net/socket/stream.h"

namespace weft::net {

/// Reads what has come, in blocks of `kBlock` bytes on the stack, at most `most` of them: others on
/// the loop have their turn then. Gives each to `take(std::string_view)`, which returns false where
/// the stream is not to be used any more; at an End or a failure calls `over(const IoResult&)`.
/// True: there may be more, so want_read() it. Where it gives false the stream may be gone.
template <std::size_t kBlock, class Take, class Over>
bool read_blocks(Stream& stream, int most, Take&& take, Over&& over) {
  std::array<char, kBlock> block;
  bool more = true;
  for (int i = 0; more && i < most; ++i) {
    const IoResult result = stream.read(block);
    switch (result.kind) {
      case IoResult::Kind::Done:
        if (!take(std::string_view(block.data(), result.size))) return false;
        more = result.size == block.size();
        break;
      case IoResult::Kind::WouldBlock:
        more = false;
        break;
      case IoResult::Kind::End:
      case IoResult::Kind::Failed:
        over(result);
        return false;
    }
  }
  return true;
}

}  // namespace weft::net
