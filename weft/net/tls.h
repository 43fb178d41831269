#pragma once

#include "weft/net/tls/tls.h"  // IWYU pragma: export
