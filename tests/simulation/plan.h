#pragma once

#include <string>
#include <vector>

#include "tests/simulation/book.h"
#include "tests/simulation/dice.h"

namespace weft::simulation {

/// A call to one of `servers` that is all left to chance: its kind, its sizes and pauses, and how
/// it is to end. `always_ready` lets it wait for a connection in any case.
CallPlan draw_plan(Dice& dice, std::uint64_t call, const std::vector<std::string>& servers,
                   bool always_ready);

}  // namespace weft::simulation
