#pragma once

#include "weft/rpc/call/observer.h"  // IWYU pragma: export
