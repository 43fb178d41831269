#pragma once

#include <memory>
#include <string>

#include "weft/foreign/names.h"
#include "weft/foreign/server_limits.h"
#include "weft/rpc/http/http_handler.h"
#include "weft/rpc/protocol/wire_protocol.h"

namespace weft::foreign {

/// How a server speaks JSON-RPC 2.0.
struct JsonRpcOptions {
  /// Services by other names: {{"Arith", "acme.v1.Calculator"}}. A service is found by its full
  /// name and by its name without the package as well.
  ServiceNames services{};
  FieldNames field_names = FieldNames::Json;
  /// Of requests by HTTP.
  std::string http_path = "/jsonrpc";
  /// Of connections, but for call_timeout, max_depth and, of a batch by HTTP, max_calls.
  ServerLimits limits{};
};

/// The server's unary methods by JSON-RPC 2.0 over TCP, on the ports of gRPC: a connection that
/// begins with '{' or '[', on which JSON values stand behind each other. Clients of Go's
/// net/rpc/jsonrpc are served as well, which send no member "jsonrpc".
std::shared_ptr<rpc::WireProtocol> json_rpc(JsonRpcOptions options = {});

/// The same by POST. Behind it http1::protocol() is for clients of HTTP/1.1.
std::shared_ptr<rpc::HttpHandler> json_rpc_http(JsonRpcOptions options = {});

}  // namespace weft::foreign
