#pragma once

#include "weft/middleware/config/policy_config.h"  // IWYU pragma: export
