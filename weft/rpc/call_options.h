#pragma once

#include "weft/rpc/call/call_options.h"  // IWYU pragma: export
