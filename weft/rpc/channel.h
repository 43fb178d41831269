#pragma once

#include "weft/rpc/client/channel.h"  // IWYU pragma: export
