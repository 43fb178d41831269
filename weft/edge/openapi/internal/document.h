#pragma once

#include <string>

#include "weft/base/result.h"
#include "weft/edge/openapi/openapi.h"

namespace weft::rpc {
class Dispatcher;
}

namespace weft::edge::api {

/// The document of a server's services. INVALID_ARGUMENT for a rule that is wrong and for bad
/// OpenApi::descriptors, RESOURCE_EXHAUSTED for one that is too large.
Result<std::string> document_of(const rpc::Dispatcher& dispatcher, const OpenApi& options);

}  // namespace weft::edge::api
