#pragma once

#include "weft/middleware/limits/priority.h"  // IWYU pragma: export
