// Frames cut anywhere: the reader finds what stands in the bytes, however they arrive, and nothing
// that does not.
//
// Input: a byte that seeds the cuts, then the bytes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/bytes.h"
#include "weft/base/rng.h"
#include "weft/http2/frame/internal/frame_reader.h"

namespace {

using weft::Bytes;
using weft::Rng;
using weft::http2::internal::FrameReader;

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", rule);
  std::abort();
}

struct Frame {
  std::uint32_t length = 0;
  std::uint32_t type = 0;
  std::uint32_t flags = 0;
  std::uint32_t id = 0;
  std::uint32_t padding = 0;  // of DATA, with its length byte
  std::string payload{};      // {}: or GCC warns where a designated initialiser leaves it out
  bool complete = false;
  bool operator==(const Frame&) const = default;
};
struct Outcome {
  std::vector<Frame> frames;
  bool bad_padding = false;
  bool operator==(const Outcome&) const = default;
};

/// What stands there, by RFC 9113 section 4.1 and 6.1 and nothing else.
Outcome by_the_book(std::string_view bytes) {
  Outcome out;
  const auto at = [&](std::size_t i) { return std::uint32_t{static_cast<std::uint8_t>(bytes[i])}; };
  while (bytes.size() >= 9) {
    Frame frame{.length = at(0) << 16 | at(1) << 8 | at(2), .type = at(3), .flags = at(4)};
    frame.id = (at(5) & 0x7f) << 24 | at(6) << 16 | at(7) << 8 | at(8);
    bytes.remove_prefix(9);
    const bool whole = bytes.size() >= frame.length;
    std::string_view payload = bytes.substr(0, frame.length);
    bytes.remove_prefix(payload.size());
    if (frame.type == 0) {
      if ((frame.flags & 8) != 0) {
        if (frame.length == 0) out.bad_padding = true;
        if (!payload.empty()) {
          frame.padding = 1 + std::uint32_t{static_cast<std::uint8_t>(payload.front())};
          payload.remove_prefix(1);
          if (frame.padding > frame.length) out.bad_padding = true;
        }
        const bool known = frame.padding != 0 && !out.bad_padding;
        payload = payload.substr(0, known ? frame.length - frame.padding : 0);
        frame.complete = known && payload.size() == frame.length - frame.padding;
      } else {
        frame.complete = whole;
      }
      frame.payload = payload;
    } else if (frame.type <= 9) {
      frame.complete = whole;
      if (whole) frame.payload = payload;
    }
    out.frames.push_back(std::move(frame));
    if (out.bad_padding) break;
  }
  return out;
}

Frame whole_frame(FrameReader& reader) {
  const auto& header = reader.header();
  Frame frame{.length = header.length,
              .type = static_cast<std::uint32_t>(header.type),
              .flags = header.flags,
              .id = header.stream_id,
              .complete = true};
  if (frame.type == 0) {
    require(reader.data_complete() && reader.padding() == 0, "a whole frame of DATA has no more");
    frame.payload = reader.data().view();
  } else {
    const auto payload = reader.payload();
    frame.payload.assign(payload.begin(), payload.end());
  }
  require(frame.payload.size() == header.length, "a payload is as long as its header says");
  return frame;
}

Outcome by_the_reader(std::string_view bytes, Rng* rng) {
  Outcome out;
  FrameReader reader;
  while (!bytes.empty()) {
    const std::size_t n = rng == nullptr ? bytes.size() : 1 + rng->below(bytes.size());
    // A copy of its own, so that AddressSanitizer sees who looks at it too long.
    Bytes piece =
        Bytes::copy_of(bytes.substr(0, rng == nullptr ? n : std::min<std::size_t>(n, 40)));
    bytes.remove_prefix(piece.size());
    for (;;) {
      const auto& header = reader.header();
      if ((rng == nullptr || rng->below(2) == 0) && reader.take_frame(piece)) {
        out.frames.push_back(whole_frame(reader));
        continue;
      }
      const FrameReader::Event event = reader.next(piece);
      if (event == FrameReader::Event::NeedMore) break;
      if (event == FrameReader::Event::Header) {
        out.frames.push_back({.length = header.length,
                              .type = static_cast<std::uint32_t>(header.type),
                              .flags = header.flags,
                              .id = header.stream_id});
      } else if (event == FrameReader::Event::Payload) {
        const auto payload = reader.payload();
        require(payload.size() == header.length, "a payload is as long as its header says");
        out.frames.back().payload.assign(payload.begin(), payload.end());
        out.frames.back().complete = true;
      } else if (event == FrameReader::Event::Data) {
        require(!out.frames.back().complete, "nothing follows the last piece of a frame");
        out.frames.back().complete = reader.data_complete();
        out.frames.back().padding = reader.padding();
        out.frames.back().payload += reader.data().view();
      } else if (event == FrameReader::Event::BadPadding) {
        out.bad_padding = true;
        out.frames.back().padding = reader.padding();
        return out;
      }
    }
    require(piece.empty(), "the reader takes all it is given");
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  Rng rng(data[0]);
  const Outcome expected = by_the_book(bytes);
  // The padding of a frame whose DATA has not begun is not asked for yet.
  Outcome whole = by_the_reader(bytes, nullptr);
  Outcome cut = by_the_reader(bytes, &rng);
  require(whole.bad_padding == expected.bad_padding, "padding is judged by the RFC");
  require(whole.frames.size() == expected.frames.size(), "all frames are found");
  for (Outcome* got : {&whole, &cut}) {
    for (std::size_t i = 0; i < got->frames.size() && i < expected.frames.size(); ++i) {
      if (!got->frames[i].complete) got->frames[i].padding = expected.frames[i].padding;
    }
  }
  require(whole == expected, "frames are read as they stand");
  require(cut == expected, "it does not matter how the bytes arrive");
  return 0;
}
