#include "weft/base/log/component.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>

#include "weft/base/fork_mutex.h"
#include "weft/base/internal/log_line.h"
#include "weft/base/text/ascii.h"
#include "weft/base/text/text_cut.h"

namespace weft {
namespace {

bool is_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kMostLogKey && std::ranges::all_of(text, [](char c) {
    return ascii::is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
  });
}

}  // namespace

/// All components of the process, and the levels that names were given. Never destroyed.
class LogComponents {
 public:
  /// Locked as long as it lives.
  LogComponents() : lock_(mutex.object) {
    if (known == nullptr) known = new Known();
  }

  void add(LogComponent& component) {
    component.next_ = known->first;
    known->first = &component;
    component.least_.store(number_of(level_of(component.name_)), std::memory_order_relaxed);
  }

  Status give(std::string_view name, std::optional<LogLevel> least) {
    const auto there = known->levels.find(name);
    if (!least) {
      if (there != known->levels.end()) known->levels.erase(there);
    } else if (there != known->levels.end()) {
      there->second = *least;
    } else if (known->levels.size() >= kMostLogLevels) {
      return resource_exhausted("log component '" + std::string(name) + "' would be beyond the " +
                                std::to_string(kMostLogLevels) + " names that may have a level");
    } else {
      known->levels.emplace(name, *least);
    }
    refresh();
    return {};
  }

  void refresh() noexcept {
    for (LogComponent* one = known->first; one != nullptr; one = one->next_) {
      one->least_.store(number_of(level_of(one->name_)), std::memory_order_relaxed);
    }
  }

  std::vector<LogComponentLevel> all() const {
    std::map<std::string, LogComponentLevel> by_name;
    const auto add = [&](std::string_view name) {
      by_name[std::string(name)] = {.name = std::string(name),
                                    .least = level_of(name),
                                    .is_own = known->levels.contains(name)};
    };
    for (const LogComponent* one = known->first; one != nullptr; one = one->next_) add(one->name_);
    for (const auto& [name, level] : known->levels) add(name);
    std::vector<LogComponentLevel> sorted;
    for (auto& [name, one] : by_name) sorted.push_back(std::move(one));
    return sorted;
  }

 private:
  struct Known {
    LogComponent* first = nullptr;
    std::map<std::string, LogLevel, std::less<>> levels;
  };
  static std::uint8_t number_of(LogLevel level) noexcept {
    return static_cast<std::uint8_t>(level);
  }
  static LogLevel level_of(std::string_view name) noexcept {
    for (;;) {
      if (const auto found = known->levels.find(name); found != known->levels.end()) {
        return found->second;
      }
      const std::size_t dot = name.rfind('.');
      if (dot == std::string_view::npos) return log_level();
      name = name.substr(0, dot);
    }
  }

  static inline constinit NeverDestroyed<ForkMutex> mutex;
  static inline constinit Known* known = nullptr;
  std::lock_guard<ForkMutex> lock_;
};

namespace {

void complain(std::string_view item) {
  log(LogLevel::Warn, "WEFT_LOG has '" + cut_text(item, 64) +
                          "', which is no component=level with a level of trace, debug, info, "
                          "warn, error, off");
}

/// The items of WEFT_LOG that name components; log.cc reads the others.
void read_environment() {
  const char* const text = std::getenv("WEFT_LOG");
  for (std::string_view rest = text == nullptr ? "" : text; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = ascii::trimmed(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    const auto level = parse_log_level(item.substr(equals + 1));
    if (!level || !set_log_level(item.substr(0, equals), *level).ok()) complain(item);
  }
}

/// At the first use, and so that the program's level reaches components from then on.
void begin_once() {
  static constinit std::atomic<bool> begun{false};
  if (begun.exchange(true, std::memory_order_relaxed)) return;
  base::on_log_level([]() noexcept { LogComponents().refresh(); });
  LogComponents().refresh();  // what was set in the meantime
  read_environment();
}

}  // namespace

LogComponent::LogComponent(std::string_view name) noexcept : least_(0), name_(name) {
  begin_once();
  // Reads the environment, which may write a line: not while the lock is held.
  static_cast<void>(log_level());
  LogComponents().add(*this);
}

Status set_log_level(std::string_view component, std::optional<LogLevel> least) {
  if (!is_name(component)) {
    return invalid_argument("log component '" + cut_text(component, kMostLogKey) +
                            "' is no name of letters, digits and _.-, of at most " +
                            std::to_string(kMostLogKey) + " bytes");
  }
  begin_once();
  static_cast<void>(log_level());
  return LogComponents().give(component, least);
}

std::vector<LogComponentLevel> log_component_levels() {
  begin_once();
  static_cast<void>(log_level());
  return LogComponents().all();
}

void log_fields(const LogComponent& component, LogLevel level, std::string_view message,
                std::span<const LogField> fields, const LogTrace* trace) noexcept {
  if (!component.enabled(level)) return;
  base::write_record({.level = level,
                      .message = message,
                      .fields = fields,
                      .trace = trace,
                      .component = component.name()});
}

}  // namespace weft
