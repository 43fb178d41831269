#pragma once

#include "weft/net/loop/asio_loop.h"  // IWYU pragma: export
