#pragma once

#include "weft/middleware/attempts/fault_injection.h"  // IWYU pragma: export
