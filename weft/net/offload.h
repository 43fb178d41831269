#pragma once

#include "weft/net/loop/offload.h"  // IWYU pragma: export
