#pragma once

#include "weft/middleware/config/service_config.h"  // IWYU pragma: export
