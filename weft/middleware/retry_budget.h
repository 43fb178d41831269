#pragma once

#include "weft/middleware/attempts/retry_budget.h"  // IWYU pragma: export
