#pragma once

#include "weft/rpc/grpc/google_status.h"  // IWYU pragma: export
