#pragma once

#include "weft/middleware/attempts/retry.h"  // IWYU pragma: export
