#pragma once

#include <cstdint>

namespace weft::http2 {

/// What a peer may do before it is told ENHANCE_YOUR_CALM. The defaults are far above what a
/// well-meant peer does; 0 turns a limit off.
struct AbuseOptions {
  /// PING and SETTINGS answers and RST_STREAMs that may wait in the output while the peer does not
  /// read.
  std::uint32_t unread_answers = 10000;
  /// Streams that the peer resets, or makes us reset, at once and per second (CVE-2023-44487 and
  /// its reverse, CVE-2025-8671). A stream that completes earns one back.
  std::uint32_t reset_burst = 1000;
  std::uint32_t resets_per_second = 200;
  /// Frames in a row that carry nothing: empty DATA and CONTINUATION, PRIORITY, unknown types.
  std::uint32_t empty_frames = 10000;
};

}  // namespace weft::http2
