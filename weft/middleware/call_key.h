#pragma once

#include "weft/middleware/reuse/call_key.h"  // IWYU pragma: export
