#pragma once

#include <optional>
#include <string_view>

#include "weft/base/result.h"
#include "weft/net/proxy/http_proxy.h"
#include "weft/rpc/client/channel.h"

namespace weft::rpc {

/// The proxy of ChannelOptions::proxy for calls to `target`; nothing where there is to be none.
/// INVALID_ARGUMENT where the option cannot be read, or the target is not one that a proxy can be
/// asked for.
Result<std::optional<net::HttpProxy>> proxy_for(std::string_view target,
                                                const ChannelOptions& options,
                                                net::Environment environment = &net::from_process);

}  // namespace weft::rpc
