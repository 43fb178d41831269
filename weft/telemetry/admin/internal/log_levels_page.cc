#include "weft/telemetry/admin/internal/log_levels_page.h"

#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/component.h"
#include "weft/base/log/log_value.h"
#include "weft/base/text/text_cut.h"
#include "weft/base/text/utc_text.h"

namespace weft::telemetry::internal {
namespace {

LogLevelsAnswer refused(std::string why) { return {.status = 400, .text = std::move(why) + "\n"}; }

constexpr Duration kLongest = std::chrono::hours(24);

/// "500ms", "90s", "10m", "2h"; nothing where it is none, or longer than a day.
std::optional<Duration> parse_time(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  static constexpr std::array<std::pair<std::string_view, Duration>, 4> kUnits = {
      {{"ms", std::chrono::milliseconds(1)},
       {"s", std::chrono::seconds(1)},
       {"m", std::chrono::minutes(1)},
       {"h", std::chrono::hours(1)}}};
  for (const auto& [name, duration] : kUnits) {
    if (error != std::errc() || name != unit) continue;
    if (count == 0 || count > static_cast<std::uint64_t>(kLongest / duration)) return std::nullopt;
    return duration * static_cast<std::int64_t>(count);
  }
  return std::nullopt;
}

/// What a query asks for.
struct Change {
  std::string component;
  std::optional<std::string> level;
  std::optional<std::string> time;
};

struct Place {
  net::Loop& loop;
  LevelReturns& returns;
};

/// Nothing: a component that has none of its own.
std::optional<LogLevel> own_level_of(std::string_view name) {
  if (name.empty()) return log_level();
  for (const LogComponentLevel& one : log_component_levels()) {
    if (one.name == name && one.is_own) return one.least;
  }
  return std::nullopt;
}

Status set_level(const std::string& component, std::optional<LogLevel> level) {
  if (!component.empty()) return set_log_level(component, level);
  set_log_level(*level);
  return {};
}

LogLevelsAnswer carry_out(const Change& change, Place at) {
  const std::string& component = change.component;
  const std::optional<LogLevel> level = parse_log_level(*change.level);
  const bool is_default = *change.level == "default" && !component.empty();
  if (!level && !is_default) {
    return refused("level is '" + cut_text(*change.level, 32) +
                   "', which is none of trace, debug, info, warn, error, off, nor, for a "
                   "component, default");
  }
  const std::optional<Duration> time = change.time ? parse_time(*change.time) : std::nullopt;
  if (change.time && !time) {
    return refused("for is '" + cut_text(*change.time, 32) +
                   "', which is no time up to a day, such as 90s, 10m or 2h");
  }
  if (Status room = time ? at.returns.room() : Status(); !room.ok()) {
    return refused(std::string(room.message()));
  }
  const std::string said = "the log level of " +
                           (component.empty() ? "the program" : log_value(component)) +
                           " was set to " + *change.level +
                           (time ? " for " + *change.time : std::string()) + " on the admin port";
  // Who turns the log off is seen, too.
  const bool turns_off = component.empty() && *level > LogLevel::Warn;
  if (turns_off) log(LogLevel::Warn, said);
  const std::optional<LogLevel> before = own_level_of(component);
  if (const Status set = set_level(component, level); !set.ok()) {
    return refused(std::string(set.message()));
  }
  if (time) {
    at.returns.add(at.loop, component, before, *time);
  } else {
    at.returns.forget(component);
  }
  if (!turns_off) log(LogLevel::Warn, said);
  return {.text = show_log_levels(at.returns)};
}

void append_until(std::string& text, const LevelReturns& returns, std::string_view name) {
  if (const auto until = returns.until(name)) {
    text.append(" until ").append(utc_text(std::chrono::floor<std::chrono::microseconds>(*until)));
  }
  text.append("\n");
}

}  // namespace

std::string show_log_levels(const LevelReturns& returns) {
  std::string text = ". ";
  text.append(name_of(log_level()));
  append_until(text, returns, "");
  for (const LogComponentLevel& one : log_component_levels()) {
    text.append(one.name).append(" ").append(name_of(one.least));
    if (one.is_own) text.append(" own");
    append_until(text, returns, one.name);
  }
  return text;
}

LogLevelsAnswer change_log_level(std::string_view query, net::Loop& loop, LevelReturns& returns) {
  Change change;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view item = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const std::size_t equals = item.find('=');
    const std::string_view key = item.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
    if (key == "component") {
      change.component = value;
    } else if (key == "level") {
      change.level = value;
    } else if (key == "for") {
      change.time = value;
    } else {
      return refused("the query has '" + cut_text(key, 32) +
                     "', which is none of component, level and for");
    }
  }
  if (!change.level) return refused("the query names no level: ?component=shop.orders&level=debug");
  return carry_out(change, {loop, returns});
}

}  // namespace weft::telemetry::internal
