#pragma once

#include <cstdint>

#include "weft/base/bytes.h"
#include "weft/base/time.h"
#include "weft/coro/context.h"
#include "weft/coro/task.h"
#include "weft/foreign/internal/server_format.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/peer.h"
#include "weft/rpc/server/dispatcher.h"

namespace weft::foreign {

/// Where a request has come from.
struct RequestOrigin {
  /// Whether the server counts the request already, as it does those of HTTP.
  enum class Counted : std::uint8_t { No, Yes };

  net::Loop& loop;
  rpc::Dispatcher& dispatcher;
  const Peer::Ref& peer;
  Context& context;
  Counted counted = Counted::No;
  /// ServerLimits::call_timeout.
  Duration timeout = kForever;
};

/// Makes a call of a request, whose status is OK, and has it served. `response` is in protobuf's
/// encoding. All outlive the task.
Task<Status> serve_request(const RequestOrigin& origin, const Request& request, Bytes& response);

}  // namespace weft::foreign
