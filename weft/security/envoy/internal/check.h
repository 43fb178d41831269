#pragma once

#include "weft/base/status.h"
#include "weft/rpc/call/call.h"
#include "weft/security/envoy/external_authorization.h"
#include "weft/security/envoy/internal/wire.h"

namespace weft::security::internal {

/// What the service is told of a call.
auth::CheckRequest check_request(const Call& call, const ExternalAuthorizationOptions& options);

/// OK where the call may pass, with the metadata that the service wants; else how it ends.
Status apply_check(const auth::CheckResponse& response, Call& call);

}  // namespace weft::security::internal
