#pragma once

#include "weft/rpc/client/balancing.h"  // IWYU pragma: export
