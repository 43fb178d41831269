#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace weft::http2::internal {

/// How the 64 streams that were closed last came to their end, because what a late frame means
/// depends on it (RFC 9113 section 5.1, "closed").
class ClosedStreams {
 public:
  enum class How : std::uint8_t {
    Unknown,     ///< never opened, or long ago
    Completed,   ///< the peer sent END_STREAM: it may send nothing more
    LocalReset,  ///< the peer may not have seen our RST_STREAM yet: late frames are ignored
    PeerReset,   ///< the peer sent RST_STREAM: it may send nothing more
  };

  void add(std::uint32_t id, How how) noexcept {
    if (next_ == capacity_ && capacity_ < kKept) [[unlikely]]
      grow();
    std::uint32_t& entry = ring_[next_ & (capacity_ - 1)];
    if (next_ >= kKept && how_of(entry) == How::LocalReset) {
      forgotten_reset_ = std::max(forgotten_reset_, id_of(entry));
    }
    entry = static_cast<std::uint32_t>(how) << kHowShift | id >> 1;
    // Counts up to kKept, then on in rounds, so that it never comes near zero again.
    if (++next_ == 2 * kKept) next_ = kKept;
  }
  /// LocalReset where that is possible: below a reset stream that was forgotten, the peer gets the
  /// benefit of the doubt.
  How find(std::uint32_t id) const noexcept {
    const std::uint32_t kept = std::min<std::uint32_t>(next_, kKept);
    for (std::uint32_t i = 1; i <= kept; ++i) {  // the newest word counts
      const std::uint32_t entry = ring_[(next_ - i) & (capacity_ - 1)];
      if (id_of(entry) == id) return how_of(entry);
    }
    return id <= forgotten_reset_ ? How::LocalReset : How::Unknown;
  }

 private:
  // An entry is how(2) | id without its lowest bit(30): ids are odd. A connection that has had a
  // stream pays for them as long as it lives.
  static constexpr unsigned kHowShift = 30;
  static How how_of(std::uint32_t entry) noexcept { return static_cast<How>(entry >> kHowShift); }
  static std::uint32_t id_of(std::uint32_t entry) noexcept {
    return (entry & ((1U << kHowShift) - 1)) << 1 | 1;
  }

  void grow() {
    const std::uint32_t capacity = capacity_ == 0 ? kFirst : capacity_ * 2;
    auto ring = std::make_unique<std::uint32_t[]>(capacity);
    std::copy_n(ring_.get(), capacity_, ring.get());
    ring_ = std::move(ring);
    capacity_ = capacity;
  }

  static constexpr std::uint32_t kKept = 64;
  static constexpr std::uint32_t kFirst = 4;  // what an idle connection that made a few calls pays
  std::unique_ptr<std::uint32_t[]> ring_;     // a power of two of entries, until there are kKept
  std::uint32_t capacity_ = 0;
  std::uint32_t next_ = 0;
  std::uint32_t forgotten_reset_ = 0;
};

}  // namespace weft::http2::internal
