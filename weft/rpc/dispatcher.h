#pragma once

#include "weft/rpc/server/dispatcher.h"  // IWYU pragma: export
