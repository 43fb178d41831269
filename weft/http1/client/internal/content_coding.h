#pragma once

#include <cstddef>

#include "weft/base/status.h"
#include "weft/codec/compression.h"
#include "weft/http1/client/response.h"

namespace weft::http1 {

/// Decodes the body by its content-encoding (RFC 9110 section 8.4), to at most `limit` bytes, and
/// removes the fields that describe the encoded one. RESOURCE_EXHAUSTED names the limit; INTERNAL:
/// it is broken; UNIMPLEMENTED: encoded more than once, or by an encoding that was not accepted.
Status decode(Response& response, const CompressionSet& accepted, std::size_t limit);

}  // namespace weft::http1
