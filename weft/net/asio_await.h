#pragma once

#include "weft/net/loop/asio_await.h"  // IWYU pragma: export
