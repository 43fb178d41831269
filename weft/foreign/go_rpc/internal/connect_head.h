#pragma once

#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/socket/stream.h"

namespace weft::foreign {

/// What Go's rpc.HandleHTTP (server.go) answers to "CONNECT path HTTP/1.0" and an empty line, with
/// bare newlines. Until it has come nothing is sent: the server would lose that.
inline constexpr std::string_view kConnected = "HTTP/1.0 200 Connected to Go RPC\n\n";

/// The client's side of that. UNAVAILABLE with what the server says instead.
Task<Status> connect_go_rpc(net::Loop& loop, net::Stream& stream, std::string path);

}  // namespace weft::foreign
