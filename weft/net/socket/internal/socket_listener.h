#pragma once

#include <memory>

#include "weft/net/loop/asio_loop.h"

namespace weft::net::internal {

Result<std::unique_ptr<Listener>> listen_on_socket(AsioLoop& loop, const Address& address,
                                                   const ListenOptions& options,
                                                   AcceptHandler handler);

}  // namespace weft::net::internal
