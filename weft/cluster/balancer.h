#pragma once

#include "weft/cluster/balancers/balancer.h"  // IWYU pragma: export
