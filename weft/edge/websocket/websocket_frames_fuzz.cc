#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "weft/edge/websocket/internal/frame.h"
#include "weft/edge/websocket/internal/head_message.h"

namespace {

using weft::edge::FrameReader;
using weft::edge::Opcode;

/// What a reader makes of `bytes` that come in parts of `step`: a text of its messages and frames.
std::string read(std::string_view bytes, std::size_t step) {
  FrameReader reader;
  std::string found;
  while (!bytes.empty()) {
    std::string_view part = bytes.substr(0, step);
    bytes.remove_prefix(part.size());
    FrameReader::Item item;
    for (;;) {
      const std::size_t before = part.size();
      const FrameReader::Outcome outcome = reader.next(part, item);
      if (outcome == FrameReader::Outcome::NeedMore) break;
      if (outcome == FrameReader::Outcome::Refused) return found + reader.violation().why;
      if (item.payload.size() > before) {
        if (item.opcode < Opcode::Close) std::abort();
        if (item.payload.size() > weft::edge::kMostControl) std::abort();
      }
      // Control frames stand between the parts of a message, wherever these are cut.
      if (item.begins) found += static_cast<char>(item.opcode);
      found.append(item.payload);
      if (item.ends) found += '.';
    }
    if (!part.empty()) std::abort();
  }
  return found;
}

}  // namespace

// First byte: the length of the parts. Whatever the bytes, frames are the same however they are
// cut, and none is larger than what has come. The same bytes are a Close's payload and a first
// message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if (read(bytes, bytes.size()) != read(bytes, std::size_t{data[0]} + 1)) std::abort();
  weft::edge::Violation violation;
  static_cast<void>(weft::edge::read_close(bytes, violation));
  std::string text(bytes);
  std::vector<weft::rpc::HttpField> fields;
  static_cast<void>(weft::edge::read_head_message(text, fields));
  return 0;
}
