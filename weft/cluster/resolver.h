#pragma once

#include "weft/cluster/resolvers/resolver.h"  // IWYU pragma: export
