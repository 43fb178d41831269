#pragma once

#include "weft/middleware/reuse/single_flight.h"  // IWYU pragma: export
