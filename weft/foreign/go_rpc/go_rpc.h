#pragma once

#include <memory>
#include <string>

#include "weft/foreign/names.h"
#include "weft/foreign/server_limits.h"
#include "weft/rpc/protocol/wire_protocol.h"

namespace weft::foreign {

/// How a server speaks the protocols of Go's package net/rpc.
struct GoRpcOptions {
  /// Services by the names that Go programs have for them: {{"Arith", "acme.v1.Calculator"}}. A
  /// service is found by its full name and by its name without the package as well.
  ServiceNames services{};
  /// How fields are named in JSON that is sent. Go reads names in any case.
  FieldNames field_names = FieldNames::Json;
  /// Of Go's rpc.DialHTTPPath(); this one is rpc.DialHTTP()'s.
  std::string http_path = "/_goRPC_";
  ServerLimits limits{};
};

/// Programs that use Go's package net/rpc as clients of the server's unary methods, on the ports of
/// gRPC, without a change of theirs, known by the bytes that a connection begins with: with Go's
/// own codec, encoding/gob, over TCP and by rpc.DialHTTP(), and with that of net/rpc/jsonrpc
/// (docs/guide/foreign-peers.md).
///
///     server.add(foreign::go_rpc());
///     server.add(http1::protocol());  // in any order
std::shared_ptr<rpc::WireProtocol> go_rpc(GoRpcOptions options = {});

}  // namespace weft::foreign
