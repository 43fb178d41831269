#pragma once

#include "weft/middleware/attempts/hedge.h"  // IWYU pragma: export
