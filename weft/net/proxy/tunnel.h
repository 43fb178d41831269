#pragma once

#include <memory>

#include "weft/base/result.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/proxy/http_proxy.h"
#include "weft/net/socket/stream.h"

namespace weft::net {

/// Asks an HTTP/1.1 proxy at the other end of `stream` to connect it to the proxy's destination
/// (CONNECT, RFC 9110 section 9.3.6). UNAVAILABLE with what the proxy said where it refuses. Ends
/// with the awaiting Context.
Task<Result<std::unique_ptr<Stream>>> open_tunnel(Loop& loop, std::unique_ptr<Stream> stream,
                                                  const HttpProxy& proxy);

}  // namespace weft::net
