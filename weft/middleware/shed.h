#pragma once

#include "weft/middleware/limits/shed.h"  // IWYU pragma: export
