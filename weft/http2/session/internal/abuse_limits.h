#pragma once

#include <algorithm>
#include <cstdint>

#include "weft/base/time.h"
#include "weft/http2/session/abuse_options.h"

namespace weft::http2::internal {

/// What may happen `burst` times at once and `per_second` times a second; a burst of 0 is no limit.
class RateLimit {
 public:
  RateLimit(std::uint32_t burst, std::uint32_t per_second) noexcept
      : burst_(burst), per_second_(per_second), left_(burst) {}

  bool allow(TimePoint now) noexcept {
    if (burst_ == 0) return true;
    refill(now);
    if (left_ == 0) return false;
    --left_;
    return true;
  }
  void earn() noexcept {
    if (left_ < burst_) ++left_;
  }

 private:
  void refill(TimePoint now) noexcept {
    const auto earned = static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, (now - refilled_at_) / std::chrono::milliseconds(1)) *
        per_second_ / 1000);
    if (earned == 0) return;
    refilled_at_ = now;
    left_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(burst_, left_ + earned));
  }

  std::uint32_t burst_;
  std::uint32_t per_second_;
  std::uint32_t left_;
  TimePoint refilled_at_{};
};

/// Counts what a peer does against AbuseOptions. The clock is the one passed to receive().
class AbuseLimits {
 public:
  explicit AbuseLimits(const AbuseOptions& options) noexcept
      : options_(options),
        resets_(options.reset_burst, options.resets_per_second),
        settings_(options.settings_burst, options.settings_per_second) {}

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

  bool allow_reset(TimePoint now) noexcept { return resets_.allow(now); }
  void stream_completed() noexcept { resets_.earn(); }
  bool allow_settings(TimePoint now) noexcept { return settings_.allow(now); }

  bool allow_empty_frame() noexcept {
    return options_.empty_frames == 0 || ++empty_frames_ <= options_.empty_frames;
  }
  void useful_frame() noexcept { empty_frames_ = 0; }

 private:
  AbuseOptions options_;
  std::uint64_t epoch_start_ = 0;
  std::uint32_t answers_ = 0;
  std::uint32_t empty_frames_ = 0;
  RateLimit resets_;
  RateLimit settings_;
};

}  // namespace weft::http2::internal
