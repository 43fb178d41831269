#pragma once

#include <memory>

#include "weft/codec/json/json.h"
#include "weft/edge/cors_policy.h"
#include "weft/rpc/http/http_handler.h"

/// The services of a gRPC server for browsers, curl and clients of JSON, on the same port.
namespace weft::edge {

struct Options {
  /// How messages become JSON and back. A codec "json" that the server itself has (Server::add())
  /// has precedence.
  JsonOptions json{};
  /// Which pages of other origins may call.
  CorsPolicy cors{};
  /// Whether methods are called as their option google.api.http says (docs/guide/rest.md).
  bool rest = true;
};

/// What Server::add() takes:
///
///     server.add(weft::edge::protocols());
///     server.add(weft::http1::protocol());  // for clients of HTTP/1.1
///
/// It takes requests of Connect's and gRPC-Web's media types, Connect's GET, and POST of
/// application/json where the path has the form /pkg.Service/Method. Handlers that want such a path
/// for themselves are added before it.
///
/// Where services have rules of google.api.http it takes requests to their paths too, whatever the
/// method, and all whose path begins with the same segment as a rule. Server::start() fails with
/// INVALID_ARGUMENT where a rule is wrong, or two have the same paths. A handler with such rules
/// belongs to one server.
///
/// A call that comes so is served as one of gRPC: middlewares, deadline, cancellation, Principal,
/// observers and the limits of ServerOptions are the same. See docs/guide/edge.md.
std::shared_ptr<rpc::HttpHandler> protocols(Options options = {});

}  // namespace weft::edge
