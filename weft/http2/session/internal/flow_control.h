#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "weft/http2/frame/frame.h"

namespace weft::http2::internal {

/// What the peer lets us send, on a stream or on the connection (RFC 9113 section 5.2). It may be
/// negative: a smaller SETTINGS_INITIAL_WINDOW_SIZE takes back what was given (section 6.9.2).
class SendWindow {
 public:
  void reset(std::int64_t size) noexcept { size_ = static_cast<std::int32_t>(size); }
  std::int64_t size() const noexcept { return size_; }
  /// At most size().
  void take(std::size_t n) noexcept { size_ -= static_cast<std::int32_t>(n); }

  /// Adds `delta`; false when the window would exceed 2^31-1 (section 6.9.1).
  bool shift(std::int64_t delta) noexcept {
    const std::int64_t size = size_ + delta;
    if (size > static_cast<std::int64_t>(kLargestWindow)) return false;
    size_ = static_cast<std::int32_t>(size);
    return true;
  }

 private:
  std::int32_t size_ = 0;  // 2^31-1 either way at most
};

/// What we let the peer send. Credit that is given back is saved up until half of the window is
/// due, so that a WINDOW_UPDATE is worth its frame.
class ReceiveWindow {
 public:
  void reset(std::int64_t size) noexcept {
    size_ = static_cast<std::int32_t>(size);
    held_ = 0;
    due_ = 0;
  }
  std::int64_t size() const noexcept { return size_; }
  void shift(std::int64_t delta) noexcept { size_ = static_cast<std::int32_t>(size_ + delta); }

  /// `n` bytes have arrived; false when the peer had no right to send them.
  bool take(std::uint32_t n) noexcept {
    if (n > std::int64_t{size_}) return false;
    size_ -= static_cast<std::int32_t>(n);
    held_ += n;
    return true;
  }
  /// There is room for `n` bytes again, of those that have arrived. Returns the increment that is
  /// to be sent now, or 0.
  std::uint32_t give_back(std::size_t n, std::uint32_t full_size) noexcept {
    const auto credit = static_cast<std::uint32_t>(std::min<std::size_t>(n, held_));
    held_ -= credit;
    due_ += credit;
    if (due_ == 0 || std::uint64_t{due_} * 2 < full_size) return 0;
    size_ += static_cast<std::int32_t>(due_);
    return std::exchange(due_, 0);
  }

 private:
  std::int32_t size_ = 0;
  std::uint32_t held_ = 0;  // arrived and not given back
  std::uint32_t due_ = 0;   // given back and not yet announced
};

}  // namespace weft::http2::internal
