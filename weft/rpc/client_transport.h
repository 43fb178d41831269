#pragma once

#include "weft/rpc/client/client_transport.h"  // IWYU pragma: export
