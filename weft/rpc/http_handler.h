#pragma once

#include "weft/rpc/http/http_handler.h"  // IWYU pragma: export
