#pragma once

#include "weft/rpc/server/server_context.h"  // IWYU pragma: export
