#pragma once

#include "weft/base/status.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/server/server.h"

/// What options may be, apart from what their own rooms look at (TLS, balancing). INVALID_ARGUMENT
/// naming the option, its value and what it must be: a negative time or a window of nothing would
/// otherwise show up as calls that hang or fail for another reason.
namespace weft::rpc {

Status validate(const ServerOptions& options);
Status validate(const ChannelOptions& options);

}  // namespace weft::rpc
