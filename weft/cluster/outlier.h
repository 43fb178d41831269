#pragma once

#include "weft/cluster/endpoints/outlier.h"  // IWYU pragma: export
