#pragma once

#include <cstdint>

namespace weft::http2 {

/// What a peer may do before the session ends with ENHANCE_YOUR_CALM. The defaults are far above
/// what a well-meant peer does; 0 turns a limit off.
struct AbuseOptions {
  /// PING and SETTINGS answers and RST_STREAMs that may wait in the output while the peer does not
  /// read.
  std::uint32_t unread_answers = 10000;
  /// Streams that the peer resets, or makes us reset, at once and per second (CVE-2023-44487 and
  /// its reverse, CVE-2025-8671). A stream that completes earns one back.
  std::uint32_t reset_burst = 1000;
  std::uint32_t resets_per_second = 200;
  /// SETTINGS that the peer sends, at once and per second: each may change every stream's window.
  std::uint32_t settings_burst = 1000;
  std::uint32_t settings_per_second = 20;
  /// Frames in a row that carry nothing: empty DATA and CONTINUATION, PRIORITY, unknown types,
  /// RST_STREAM and WINDOW_UPDATE for streams that are closed, WINDOW_UPDATE where no DATA was sent
  /// since the last.
  std::uint32_t empty_frames = 10000;
};

}  // namespace weft::http2
