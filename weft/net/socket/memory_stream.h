#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "weft/net/loop/loop.h"
#include "weft/net/socket/stream.h"

namespace weft::net {

/// How many bytes a stream in memory holds each way before its writer has to wait.
inline constexpr std::size_t kMemoryStreamCapacity = std::size_t{256} << 10;

/// Two ends of a stream without sockets: what is written to one is read from the other. The ends
/// may be on one loop or on two loops and threads; this is called where both loops exist.
///
/// An end that is closed lets the other read what was written, and then the end, or a failure after
/// an abort(); writing to it fails.
std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> memory_pair(
    Loop& first, Loop& second, std::size_t capacity = kMemoryStreamCapacity);

/// What AsioLoop does for Address::memory(name): names of listeners are shared by the process.
Result<std::unique_ptr<Listener>> memory_listen(Loop& loop, const Address& address,
                                                AcceptHandler handler);
Result<std::unique_ptr<Stream>> memory_connect(Loop& loop, const Address& address);

}  // namespace weft::net
