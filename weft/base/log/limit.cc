#include "weft/base/log/limit.h"

#include <ctime>
#include <vector>

namespace weft {
namespace {

std::uint32_t second_now() noexcept {
  timespec now{};
  static_cast<void>(::clock_gettime(CLOCK_MONOTONIC_COARSE, &now));
  // From 1 on: a limit that is new is at 0.
  return static_cast<std::uint32_t>(now.tv_sec) + 1;
}

}  // namespace

std::optional<std::uint64_t> LogLimit::enter(std::uint32_t second) noexcept {
  std::uint64_t seen = now_.load(std::memory_order_relaxed);
  for (;;) {
    // A thread that was held up between may bring a second that has passed.
    const auto stored = static_cast<std::uint32_t>(seen >> 32);
    const bool is_new = static_cast<std::int32_t>(second - stored) > 0;
    const std::uint32_t lines = is_new ? 0 : static_cast<std::uint32_t>(seen);
    if (lines >= most_) {
      left_out_.fetch_add(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    const std::uint64_t next = std::uint64_t{is_new ? second : stored} << 32 | (lines + 1);
    if (now_.compare_exchange_weak(seen, next, std::memory_order_relaxed)) break;
  }
  return left_out_.exchange(0, std::memory_order_relaxed);
}

std::optional<std::uint64_t> LogLimit::enter() noexcept { return enter(second_now()); }

void log(LogLimit& limit, LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields) noexcept {
  if (!log_enabled(level)) return;
  const std::optional<std::uint64_t> left_out = limit.enter();
  if (!left_out) return;
  if (*left_out == 0) return log_fields(level, message, {fields.begin(), fields.size()});
  try {
    // In front: further fields than kMostLogFields are left out at the end.
    std::vector<LogField> all;
    all.push_back({"lines_left_out", *left_out});
    all.insert(all.end(), fields.begin(), fields.end());
    log_fields(level, message, all);
  } catch (...) {
    log_fields(level, message, {fields.begin(), fields.size()});
  }
}

}  // namespace weft
