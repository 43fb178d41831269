#pragma once

#include <memory>

#include "weft/coro/task.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/net/socket/stream.h"

namespace weft::net::internal {

Task<Result<std::unique_ptr<Stream>>> connect_socket(AsioLoop& loop, Address address);

/// For a TCP socket that talks to `peer`: small writes leave at once, as whoever writes has
/// gathered what belongs together; and where the peer is this machine itself, nothing is paced, as
/// some systems' congestion control (BBR) does.
void tune(int fd, const Address& peer) noexcept;

}  // namespace weft::net::internal
