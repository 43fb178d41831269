#pragma once

#include <string>

#include "weft/base/rng.h"

namespace weft::events {

/// Version 4 (RFC 9562 section 5.4).
std::string random_uuid(Rng& rng);

}  // namespace weft::events
