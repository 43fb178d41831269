#pragma once

#include "weft/rpc/http/pages.h"  // IWYU pragma: export
