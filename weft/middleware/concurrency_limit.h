#pragma once

#include "weft/middleware/limits/concurrency_limit.h"  // IWYU pragma: export
