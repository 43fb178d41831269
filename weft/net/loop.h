#pragma once

#include "weft/net/loop/loop.h"  // IWYU pragma: export
