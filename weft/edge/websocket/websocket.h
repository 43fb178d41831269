#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "weft/base/time.h"
#include "weft/codec/json/json.h"
#include "weft/rpc/http/http_handler.h"

namespace weft::edge {

struct WebSocketOptions {
  /// How messages become JSON and back. A codec "json" that the server itself has (Server::add())
  /// has precedence.
  JsonOptions json{};
  /// Origins whose pages may connect, beside the server's own: "https://app.example",
  /// "http://localhost:5173"; "*": every page. A browser sends its cookies whatever is here.
  std::vector<std::string> origins{};
  /// How long the client's first message may take.
  Duration open_timeout = std::chrono::seconds(10);
  /// A client that has sent nothing for so long is asked (Ping) whether it is there,
  Duration ping_interval = std::chrono::seconds(30);
  /// and has so long to answer before the connection is closed and its call cancelled.
  Duration pong_timeout = std::chrono::seconds(20);
  /// How long the client may take to answer a Close.
  Duration close_timeout = std::chrono::seconds(5);
};

/// What Server::add() takes: calls of every kind over WebSockets (RFC 6455), for browsers, whose
/// other protocols do not stream both ways.
///
///     server.add(weft::edge::websocket());
///     server.add(weft::http1::protocol());  // which WebSockets begin with
///
/// It takes requests of HTTP/1.1 that ask for an upgrade to "websocket" and whose path has the form
/// /pkg.Service/Method. Each WebSocket is one call of that method, whose messages are Connect's
/// envelopes: docs/reference/websocket.md. It is served as a call of gRPC: middlewares, deadline,
/// cancellation, Principal, observers and the limits of ServerOptions are the same.
std::shared_ptr<rpc::HttpHandler> websocket(WebSocketOptions options = {});

}  // namespace weft::edge
