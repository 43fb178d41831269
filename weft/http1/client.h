#pragma once

#include "weft/http1/client/client.h"  // IWYU pragma: export
