#pragma once

#include "weft/rpc/client/client_stream.h"  // IWYU pragma: export
