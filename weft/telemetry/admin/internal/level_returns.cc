#include "weft/telemetry/admin/internal/level_returns.h"

#include <utility>

#include "weft/base/log/component.h"
#include "weft/base/log/log_value.h"
#include "weft/net/loop/timer.h"

namespace weft::telemetry::internal {
/// Owns itself, until its time or its loop's end.
class LevelReturns::Return final : private net::Timer, private net::LoopEndHook {
 public:
  Return(LevelReturns& returns, net::Loop& loop, std::string name, std::uint64_t number,
         Duration time)
      : net::Timer([](net::Timer& timer) noexcept { static_cast<Return&>(timer).end(); }),
        returns_(returns),
        name_(std::move(name)),
        number_(number) {
    loop.at_loop_end(*this);
    loop.arm(*this, after(loop.now(), time));
  }

 private:
  void on_loop_end() noexcept override { end(); }
  void end() noexcept {
    net::Timer::cancel();
    net::LoopEndHook::unlink();
    returns_.go_back(name_, number_);
    delete this;
  }

  LevelReturns& returns_;
  const std::string name_;
  const std::uint64_t number_;
};

Status LevelReturns::room() const {
  const std::lock_guard lock(mutex_);
  if (waiting_ < kMost) return {};
  return resource_exhausted("there are " + std::to_string(kMost) +
                            " changes for a time already, which is the limit");
}

void LevelReturns::add(net::Loop& loop, const std::string& name, std::optional<LogLevel> before,
                       Duration time) {
  const std::lock_guard lock(mutex_);
  static_cast<void>(new Return(*this, loop, name, ++last_number_, time));
  ++waiting_;
  const auto until = std::chrono::system_clock::now() +
                     std::chrono::duration_cast<std::chrono::system_clock::duration>(time);
  Entry& entry = entries_.try_emplace(name, Entry{before, until, last_number_}).first->second;
  entry.until = until;
  entry.number = last_number_;
}

void LevelReturns::forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  entries_.erase(name);
}

std::optional<std::chrono::system_clock::time_point> LevelReturns::until(
    std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return std::nullopt;
  return found->second.until;
}

void LevelReturns::go_back(const std::string& name, std::uint64_t number) {
  std::optional<LogLevel> before;
  {
    const std::lock_guard lock(mutex_);
    --waiting_;
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second.number != number) return;
    before = found->second.before;
    entries_.erase(found);
  }
  if (name.empty()) {
    set_log_level(*before);
  } else {
    static_cast<void>(set_log_level(name, before));
  }
  log(LogLevel::Warn, "the log level of " + (name.empty() ? "the program" : log_value(name)) +
                          " went back to " + std::string(before ? name_of(*before) : "default"));
}

}  // namespace weft::telemetry::internal
