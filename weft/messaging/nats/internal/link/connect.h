#pragma once

#include <memory>
#include <string>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/messaging/nats/internal/link/broker_info.h"
#include "weft/messaging/nats/internal/setup.h"
#include "weft/net/socket/stream.h"

namespace weft::nats {

/// A connection whose broker has accepted the client.
struct Session {
  std::unique_ptr<net::Stream> stream;
  BrokerInfo info;
  std::string unread;  ///< what came behind the broker's answer
};

/// Connects from the current loop, with TLS where the address says so: the broker says INFO, then
/// TLS begins, then the client says who it is. Takes no longer than Options::connect_timeout.
/// `setup` and `broker` outlive the task. Errors name the broker: UNAVAILABLE, UNAUTHENTICATED
/// where it refuses the credentials, FAILED_PRECONDITION where it has no TLS or no headers.
Task<Result<Session>> connect(const Setup& setup, const net::HostPort& broker);

}  // namespace weft::nats
