#pragma once

#include <string>
#include <string_view>

namespace weft::telemetry::internal {

/// What the page /log/levels shows: a line for the program, ". info", and one for each component
/// and each name that has a level: "shop.orders debug own", "own" where it was given to this very
/// name.
std::string show_log_levels();

/// What a change answers.
struct LogLevelsAnswer {
  int status = 200;
  std::string text;
};
/// Changes a level as a query says: "component=shop.orders&level=debug". Without a component it is
/// the program's; the level "default" takes a component's own level away. 400 naming what is wrong,
/// and nothing is changed.
LogLevelsAnswer change_log_level(std::string_view query);

}  // namespace weft::telemetry::internal
