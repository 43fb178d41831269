#pragma once

#include "weft/cluster/endpoints/endpoint.h"  // IWYU pragma: export
