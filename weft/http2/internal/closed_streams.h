#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace weft::http2::internal {

/// How the streams that were closed last came to their end, because what a late frame means depends
/// on it (RFC 9113 section 5.1, "closed").
class ClosedStreams {
 public:
  enum class How : std::uint8_t {
    Unknown,     ///< never opened, or long ago
    Completed,   ///< the peer sent END_STREAM: it may send nothing more
    LocalReset,  ///< the peer may not have seen our RST_STREAM yet: late frames are ignored
    PeerReset,   ///< the peer sent RST_STREAM: it may send nothing more
  };

  void add(std::uint32_t id, How how) noexcept {
    Entry& entry = ring_[next_++ % ring_.size()];
    if (entry.how == How::LocalReset) forgotten_reset_ = std::max(forgotten_reset_, entry.id);
    entry = {.id = id, .how = how};
  }
  /// LocalReset where that is possible: below a reset stream that was forgotten, the peer gets the
  /// benefit of the doubt.
  How find(std::uint32_t id) const noexcept {
    for (std::size_t i = 1; i <= ring_.size(); ++i) {  // the newest word on a stream counts
      const Entry& entry = ring_[(next_ - i) % ring_.size()];
      if (entry.id == id) return entry.how;
    }
    return id <= forgotten_reset_ ? How::LocalReset : How::Unknown;
  }

 private:
  struct Entry {
    std::uint32_t id = 0;
    How how = How::Unknown;
  };
  std::array<Entry, 64> ring_{};
  std::size_t next_ = 0;
  std::uint32_t forgotten_reset_ = 0;
};

}  // namespace weft::http2::internal
