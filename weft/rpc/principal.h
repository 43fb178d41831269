#pragma once

#include "weft/rpc/call/principal.h"  // IWYU pragma: export
