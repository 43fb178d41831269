#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/log/record.h"
#include "weft/base/status.h"

namespace weft {

/// A part of a program whose lines have a least level of their own, which can change while the
/// program runs:
///
///     weft::LogComponent orders("shop.orders");   // in static storage
///     weft::log(orders, weft::LogLevel::Debug, "taken", {{"items", items}});
///
/// Without a level of its own it has that of the nearest name above it that has one ("shop" is
/// above "shop.orders"), else the program's (log_enabled()). The name is a text of static storage.
/// From any thread, from its construction to the end of the process.
class LogComponent {
 public:
  explicit LogComponent(std::string_view name) noexcept;
  LogComponent(const LogComponent&) = delete;
  LogComponent& operator=(const LogComponent&) = delete;

  /// Whether a line of this level would be written: one relaxed load and a comparison.
  bool enabled(LogLevel level) const noexcept {
    return static_cast<std::uint8_t>(level) >= least_.load(std::memory_order_relaxed) &&
           level < LogLevel::Off;
  }
  LogLevel least() const noexcept {
    return static_cast<LogLevel>(least_.load(std::memory_order_relaxed));
  }
  std::string_view name() const noexcept { return name_; }

 private:
  friend class LogComponents;
  std::atomic<std::uint8_t> least_;
  const std::string_view name_;
  LogComponent* next_ = nullptr;  // of all
};

/// As the functions without a component, at the component's level. Records have its name.
void log_fields(const LogComponent& component, LogLevel level, std::string_view message,
                std::span<const LogField> fields, const LogTrace* trace = nullptr) noexcept;
inline void log(const LogComponent& component, LogLevel level, std::string_view message,
                std::initializer_list<LogField> fields = {}) noexcept {
  if (component.enabled(level)) {
    log_fields(component, level, message, {fields.begin(), fields.size()});
  }
}

/// Of the names that have a level of their own at a time.
inline constexpr std::size_t kMostLogLevels = 100;

/// Gives a component, and all below it that have none of their own, a least level: from now on, in
/// all threads. Nothing: it has none any more. The environment's WEFT_LOG=info,shop=debug does the
/// same at the start. INVALID_ARGUMENT where the name is none (letters, digits and `_.-`, at most
/// 64 bytes), RESOURCE_EXHAUSTED beyond kMostLogLevels.
Status set_log_level(std::string_view component, std::optional<LogLevel> least);

/// The program's least level.
LogLevel log_level() noexcept;
/// "trace", "debug", "info", "warn", "error", "off".
std::string_view name_of(LogLevel level) noexcept;
/// Nothing where the name is none of these.
std::optional<LogLevel> parse_log_level(std::string_view name) noexcept;

/// What is known of a component, or of a name that has a level but no component yet.
struct LogComponentLevel {
  std::string name;
  LogLevel least = LogLevel::Info;
  bool is_own = false;  ///< it was given to this very name
};
/// All of them by name, each name once.
std::vector<LogComponentLevel> log_component_levels();

}  // namespace weft
