#pragma once

#include "weft/net/loop/wait.h"  // IWYU pragma: export
