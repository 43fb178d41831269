#pragma once

#include "weft/rpc/call/service.h"  // IWYU pragma: export
