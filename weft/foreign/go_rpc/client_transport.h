#pragma once

#include <cstddef>

#include "weft/foreign/names.h"
#include "weft/rpc/client/client_transport.h"

namespace weft::foreign {

/// How a channel calls programs that use Go's package net/rpc.
struct GoRpcClientOptions {
  /// What Go programs call services, by full names: {{"acme.v1.Calculator", "Arith"}}. Others have
  /// their name without the package.
  ServiceNames services{};
  /// How fields are named in JSON that is sent. Go reads names in any case.
  FieldNames field_names = FieldNames::Json;
  /// Calls of a loop that wait for an answer at the same time; more end with RESOURCE_EXHAUSTED.
  std::size_t max_calls = 10'000;
  /// Bytes of calls that the server has not read; beyond, calls end with RESOURCE_EXHAUSTED.
  std::size_t max_unsent_bytes = std::size_t{16} * 1024 * 1024;
};

/// Carries the unary calls of channels to programs that use Go's package net/rpc. Linking
/// weft::foreign registers it for `go+gob://host:port` (Go's own codec),
/// `go+http://host:port[/path]` (the same behind rpc.HandleHTTP) and `go+json://host:port`
/// (net/rpc/jsonrpc; see docs/guide/foreign-peers.md). This is for options, in place of these
/// registrations or as ChannelOptions::transport.
///
/// Of ChannelOptions it takes tls, authority, connect_timeout, the back-off, and sizes of messages.
rpc::ClientTransportFactory go_rpc_client(GoRpcClientOptions options = {});

}  // namespace weft::foreign
