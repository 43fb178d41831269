#pragma once

#include "weft/rpc/client/forward.h"  // IWYU pragma: export
