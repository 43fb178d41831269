#pragma once

#include "weft/middleware/attempts/timeout.h"  // IWYU pragma: export
