#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weft/rpc/server/server.h"
#include "weft/rpc/server/transport.h"

namespace weft::rpc {

/// Whether a server's address or a channel's target is `inproc:name`.
bool is_inproc(std::string_view target) noexcept;

/// Calls that come from channels to `target` in this process. Its start() fails where the name is
/// taken, or none.
std::unique_ptr<Transport> make_inproc_transport(const std::string& target,
                                                 const ServerOptions& options);

}  // namespace weft::rpc
