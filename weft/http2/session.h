#pragma once

#include "weft/http2/session/session.h"  // IWYU pragma: export
