#pragma once

#include "weft/middleware/reuse/response_cache.h"  // IWYU pragma: export
