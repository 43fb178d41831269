#pragma once

#include "weft/rpc/server/server.h"  // IWYU pragma: export
