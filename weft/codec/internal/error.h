#pragma once

#include <cstddef>
#include <string_view>

#include "weft/base/status.h"

namespace weft::codec::internal {

/// INTERNAL: "a gzip message of 12 bytes is broken: `reason`".
Status broken(std::string_view encoding, std::size_t size, std::string_view reason);
/// RESOURCE_EXHAUSTED: "a gzip message of 12 bytes decompresses to more than the limit of 4096
/// bytes".
Status beyond_limit(std::string_view encoding, std::size_t size, std::size_t limit);
/// INTERNAL: the library could not compress, or could not start.
Status library_failed(std::string_view encoding, std::string_view reason);

}  // namespace weft::codec::internal
