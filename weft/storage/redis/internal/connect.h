#pragma once

#include <memory>
#include <string>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/net/socket/stream.h"
#include "weft/net/tls/tls.h"
#include "weft/storage/redis/client.h"
#include "weft/storage/redis/internal/endpoint.h"

namespace weft::redis {

/// What the loops of a client share.
struct Setup {
  Endpoint endpoint;
  Options options;
  std::shared_ptr<net::TlsClientContext> tls;  // null: none
};

/// Connects from the current loop and says HELLO 3, with AUTH, SETNAME and SELECT as asked for.
/// Takes no longer than Options::connect_timeout. `setup` outlives the task.
Task<Result<std::unique_ptr<net::Stream>>> connect(const Setup& setup);

}  // namespace weft::redis
