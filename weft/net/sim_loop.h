#pragma once

#include "weft/net/sim/sim_loop.h"  // IWYU pragma: export
