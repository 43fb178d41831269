#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "weft/base/log.h"
#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/net/loop/loop.h"

namespace weft::telemetry::internal {

/// Levels of the log that go back by themselves to what they were. From the threads of the admin
/// port's loops; where such a loop ends, its levels go back at once.
class LevelReturns {
 public:
  /// More at a time are refused.
  static constexpr std::size_t kMost = 100;

  LevelReturns() = default;
  LevelReturns(const LevelReturns&) = delete;
  LevelReturns& operator=(const LevelReturns&) = delete;

  /// RESOURCE_EXHAUSTED where there are kMost.
  Status room() const;
  /// In `time` the name ("": the program) gets back `before` (nothing: none of its own), or what it
  /// had before an earlier change for a time.
  void add(net::Loop& loop, const std::string& name, std::optional<LogLevel> before, Duration time);
  /// The level stays as it is.
  void forget(const std::string& name);
  /// When it goes back; nothing where it stays.
  std::optional<std::chrono::system_clock::time_point> until(std::string_view name) const;

 private:
  /// A change for a time, until a later one takes its place.
  class Return;
  struct Entry {
    std::optional<LogLevel> before;  // nothing: it had none of its own
    std::chrono::system_clock::time_point until;
    std::uint64_t number;
  };
  void go_back(const std::string& name, std::uint64_t number);

  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::size_t waiting_ = 0;  // returns, also those whose entry is gone
  std::uint64_t last_number_ = 0;
};

}  // namespace weft::telemetry::internal
