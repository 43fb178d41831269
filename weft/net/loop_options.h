#pragma once

#include "weft/net/loop/loop_options.h"  // IWYU pragma: export
