#pragma once

#include <memory>

#include "weft/coro/task.h"
#include "weft/net/asio_loop.h"
#include "weft/net/stream.h"

namespace weft::net::internal {

Task<Result<std::unique_ptr<Stream>>> connect_socket(AsioLoop& loop, Address address);

/// Small writes leave at once: whoever writes has gathered what belongs together. No effect on Unix
/// sockets.
void set_no_delay(int fd, const Address& address) noexcept;

}  // namespace weft::net::internal
