#pragma once

#include "weft/middleware/reports/load_report.h"  // IWYU pragma: export
