#pragma once

#include <string>
#include <string_view>

#include "weft/net/loop/loop.h"
#include "weft/telemetry/admin/internal/level_returns.h"

namespace weft::telemetry::internal {

/// What the page /log/levels shows: a line for the program, ". info", and one for each component
/// and each name that has a level: "shop.orders debug own", "own" where it was given to this very
/// name, and "until 2026-12-03T17:40:00.000000Z" where it goes back then.
std::string show_log_levels(const LevelReturns& returns);

/// What a change answers.
struct LogLevelsAnswer {
  int status = 200;
  std::string text;
};
/// Changes a level as a query says: "component=shop.orders&level=debug". Without a component it is
/// the program's; the level "default" takes a component's own level away. With "&for=10m" (ms, s, m
/// or h, at most a day) the level goes back by itself. 400 naming what is wrong, and nothing is
/// changed.
LogLevelsAnswer change_log_level(std::string_view query, net::Loop& loop, LevelReturns& returns);

}  // namespace weft::telemetry::internal
