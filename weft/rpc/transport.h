#pragma once

#include "weft/rpc/server/transport.h"  // IWYU pragma: export
