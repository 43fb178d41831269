#pragma once

#include <sys/socket.h>

#include "weft/base/result.h"
#include "weft/net/socket/address.h"

namespace weft::net::internal {

/// An Address as the system calls want it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const noexcept { return storage.ss_family; }

  /// INVALID_ARGUMENT for a path that is too long, an unknown interface, or an address in memory.
  static Result<SocketAddress> from(const Address& address);
  /// A Unix socket without a name, as connecting ones are, gives an empty path.
  Address to_address() const;
};

/// Of a connected or bound socket.
Address local_address_of(int fd);

}  // namespace weft::net::internal
