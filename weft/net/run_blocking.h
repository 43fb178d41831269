#pragma once

#include "weft/net/loop/run_blocking.h"  // IWYU pragma: export
