#pragma once

#include <algorithm>
#include <cstdint>

#include "weft/base/time.h"
#include "weft/http2/abuse_options.h"

namespace weft::http2::internal {

/// Counts what a peer does against AbuseOptions. The clock is the one passed to receive().
class AbuseLimits {
 public:
  explicit AbuseLimits(const AbuseOptions& options) noexcept
      : options_(options), resets_left_(options.reset_burst) {}

  const AbuseOptions& options() const noexcept { return options_; }

  /// A control frame was put into the output as an answer. `written` and `consumed` count bytes of
  /// output. An epoch ends when all that was in the output at its start is gone; so what waits now
  /// is of this epoch and the one before.
  bool allow_answer(std::uint64_t written, std::uint64_t consumed) noexcept {
    if (consumed >= epoch_start_) {
      epoch_start_ = written;
      answers_ = 0;
    }
    return options_.unread_answers == 0 || ++answers_ <= options_.unread_answers;
  }

  bool allow_reset(TimePoint now) noexcept {
    if (options_.reset_burst == 0) return true;
    refill(now);
    if (resets_left_ == 0) return false;
    --resets_left_;
    return true;
  }
  void stream_completed() noexcept {
    if (resets_left_ < options_.reset_burst) ++resets_left_;
  }

  bool allow_empty_frame() noexcept {
    return options_.empty_frames == 0 || ++empty_frames_ <= options_.empty_frames;
  }
  void useful_frame() noexcept { empty_frames_ = 0; }

 private:
  void refill(TimePoint now) noexcept {
    const auto earned = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, (now - refilled_at_) / std::chrono::milliseconds(1)) *
        options_.resets_per_second / 1000);
    if (earned == 0) return;
    refilled_at_ = now;
    resets_left_ = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(options_.reset_burst, resets_left_ + earned));
  }

  AbuseOptions options_;
  std::uint64_t epoch_start_ = 0;
  std::uint32_t answers_ = 0;
  std::uint32_t resets_left_;
  std::uint32_t empty_frames_ = 0;
  TimePoint refilled_at_{};
};

}  // namespace weft::http2::internal
