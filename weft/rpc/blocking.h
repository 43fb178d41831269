#pragma once

#include "weft/rpc/client/blocking.h"  // IWYU pragma: export
