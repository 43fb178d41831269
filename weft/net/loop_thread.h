#pragma once

#include "weft/net/loop/loop_thread.h"  // IWYU pragma: export
