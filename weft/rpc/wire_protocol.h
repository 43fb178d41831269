#pragma once

#include "weft/rpc/protocol/wire_protocol.h"  // IWYU pragma: export
