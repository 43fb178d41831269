#pragma once

#include "weft_wire/envoy/service/auth/v3/external_auth.weft.h"
#include "weft_wire/envoy/service/ratelimit/v3/rls.weft.h"

// The messages and services of Envoy's protocols, of the private copy that weft links
// (weft_private_protos in cmake/WeftProto.cmake).
namespace weft::security {
namespace auth = ::weft_wire::envoy::service::auth::v3;
namespace rls = ::weft_wire::envoy::service::ratelimit::v3;
}  // namespace weft::security
