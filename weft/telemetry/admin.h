#pragma once

#include "weft/telemetry/admin/admin.h"  // IWYU pragma: export
