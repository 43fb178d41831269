#pragma once

#include "weft/rpc/call/propagation.h"  // IWYU pragma: export
