#pragma once

#include "weft/cluster/balancers/balancers.h"  // IWYU pragma: export
