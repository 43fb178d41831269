#pragma once

#include "weft/net/loop/timer.h"  // IWYU pragma: export
