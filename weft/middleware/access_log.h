#pragma once

#include "weft/middleware/reports/access_log.h"  // IWYU pragma: export
