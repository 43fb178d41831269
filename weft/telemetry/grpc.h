#pragma once

#include "weft/telemetry/grpc/client_metrics.h"  // IWYU pragma: export
#include "weft/telemetry/grpc/server_metrics.h"  // IWYU pragma: export
