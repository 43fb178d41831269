#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/proxy/http_proxy.h"
#include "weft/net/socket/stream.h"
#include "weft/net/tls/tls.h"

namespace weft::http1 {

/// What is between an address and a stream that carries requests.
struct Route {
  std::optional<net::HttpProxy> tunnel{};        ///< the addresses are a proxy's: CONNECT
  std::shared_ptr<net::TlsClientContext> tls{};  ///< null: plaintext
  std::string host{};                            ///< that TLS has to prove
  Duration connect_timeout{};
};

/// Connects to one server by the first of its addresses that answers. The next address is tried
/// when one fails or has not answered for 250 ms, beside it (RFC 8305, "Happy Eyeballs"). `route`
/// outlives the task. UNAVAILABLE with the last error; ends with the awaiting context.
Task<Result<std::unique_ptr<net::Stream>>> dial(net::Loop& loop, const Route& route,
                                                std::vector<net::Address> addresses);

}  // namespace weft::http1
