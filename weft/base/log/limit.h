#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "weft/base/log/record.h"

namespace weft {

/// Bounds how many lines a second one place writes. The first ones of a second pass; the others are
/// counted, and the next line that passes has their number in the field `lines_left_out`:
///
///     static constinit weft::LogLimit limit(5);
///     weft::log(limit, weft::LogLevel::Warn, "the cache is away", {{"shard", shard}});
///
/// A line that is left out costs a clock read and an addition. From any thread.
class LogLimit {
 public:
  constexpr explicit LogLimit(std::uint32_t lines_per_second) noexcept : most_(lines_per_second) {}
  LogLimit(const LogLimit&) = delete;
  LogLimit& operator=(const LogLimit&) = delete;

  /// Counts a line. How many were left out since the last one that passed; nothing where this one
  /// is left out too. `second`: of a clock that does not go back.
  std::optional<std::uint64_t> enter(std::uint32_t second) noexcept;
  std::optional<std::uint64_t> enter() noexcept;

 private:
  const std::uint32_t most_;
  std::atomic<std::uint64_t> now_{0};  // a second and, in the lower half, its lines
  std::atomic<std::uint64_t> left_out_{0};
};

/// As the other log(), within the limit. A line that is not enabled is not counted.
void log(LogLimit& limit, LogLevel level, std::string_view message,
         std::initializer_list<LogField> fields = {}) noexcept;

}  // namespace weft
