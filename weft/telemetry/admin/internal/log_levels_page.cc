#include "weft/telemetry/admin/internal/log_levels_page.h"

#include <optional>

#include "weft/base/log.h"
#include "weft/base/log/component.h"
#include "weft/base/log/log_value.h"
#include "weft/base/text/text_cut.h"

namespace weft::telemetry::internal {
namespace {

LogLevelsAnswer refused(std::string why) { return {.status = 400, .text = std::move(why) + "\n"}; }

LogLevelsAnswer change(std::string_view component, std::string_view name) {
  const std::optional<LogLevel> level = parse_log_level(name);
  const bool is_default = name == "default" && !component.empty();
  if (!level && !is_default) {
    return refused("level is '" + cut_text(name, 32) +
                   "', which is none of trace, debug, info, warn, error, off, nor, for a "
                   "component, default");
  }
  const std::string said = "the log level of " +
                           (component.empty() ? "the program" : log_value(component)) +
                           " was set to " + std::string(name) + " on the admin port";
  if (component.empty()) {
    // Who turns the log off is seen, too.
    const bool turns_off = *level > LogLevel::Warn;
    if (turns_off) log(LogLevel::Warn, said);
    set_log_level(*level);
    if (turns_off) return {.text = show_log_levels()};
  } else if (const Status set = set_log_level(component, level); !set.ok()) {
    return refused(std::string(set.message()));
  }
  log(LogLevel::Warn, said);
  return {.text = show_log_levels()};
}

}  // namespace

std::string show_log_levels() {
  std::string text = ". ";
  text.append(name_of(log_level())).append("\n");
  for (const LogComponentLevel& one : log_component_levels()) {
    text.append(one.name).append(" ").append(name_of(one.least));
    text.append(one.is_own ? " own\n" : "\n");
  }
  return text;
}

LogLevelsAnswer change_log_level(std::string_view query) {
  std::string_view component;
  std::optional<std::string_view> level;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view item = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const std::size_t equals = item.find('=');
    const std::string_view key = item.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
    if (key == "component") {
      component = value;
    } else if (key == "level") {
      level = value;
    } else {
      return refused("the query has '" + cut_text(key, 32) +
                     "', which is neither component nor level");
    }
  }
  if (!level) return refused("the query names no level: ?component=shop.orders&level=debug");
  return change(component, *level);
}

}  // namespace weft::telemetry::internal
