#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tests/attacks/attacker.h"

namespace weft::attacks {

/// One attack of the report. `round` sends it once more over connections that it makes and keeps in
/// `attackers`; it is repeated until the time is over.
struct Assault {
  std::string_view name;
  void (*round)(std::uint16_t port, std::vector<std::unique_ptr<Attacker>>& attackers);
};

std::span<const Assault> assaults();

}  // namespace weft::attacks
