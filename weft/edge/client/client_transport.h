#pragma once

#include <cstddef>
#include <cstdint>

#include "weft/rpc/client/client_transport.h"

/// Channels whose calls go out by Connect or gRPC-Web over HTTP/1.1, for servers and ways to them
/// that do not speak gRPC. A program that links weft::edge_client has these targets:
///
///     weft::Channel channel{"connect+https://api.example"};
///     weft::Channel other{"grpc-web+http://10.0.0.7:8080/api"};  // paths begin with /api
///
/// docs/guide/edge-client.md has the rules.
namespace weft::edge {

/// How Connect calls unary methods of `idempotency_level = NO_SIDE_EFFECTS`.
enum class SafeMethods : std::uint8_t {
  Post,
  /// By GET, with the message in the URL, so that caches can answer. A URL that would be longer
  /// than 8 KiB goes by POST.
  Get,
};

struct ClientTransportOptions {
  SafeMethods safe_methods = SafeMethods::Post;
  /// Calls that each loop may have under way: over HTTP/1.1 each takes a connection. At least 1.
  std::size_t max_connections = 256;
  /// Calls of a loop that wait for that; one more fails with RESOURCE_EXHAUSTED.
  std::size_t max_waiting = 1024;
};

/// For ChannelOptions::transport, where the defaults are not wanted. The channel's target is one of
/// the schemes above all the same; calls to another end with INVALID_ARGUMENT.
///
/// Of ChannelOptions it takes the limits of sizes, times, encodings, `tls`, `authority`,
/// `user_agent`, `propagation`, `balancing.policy`, `connect_timeout` and `idle_timeout`, and of
/// `proxy` "" and "environment". `authority` and `proxy` together are INVALID_ARGUMENT. The others
/// are about HTTP/2. CallOptions::wait_for_ready does not wait: a server that cannot be reached is
/// UNAVAILABLE.
rpc::ClientTransportFactory client_transport(ClientTransportOptions options);

}  // namespace weft::edge
