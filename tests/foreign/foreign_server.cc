// A server of gRPC, HTTP/1.1 and the foreign protocols on one port (peers/serve_peers.h).

#include "weft/foreign/go_rpc/go_rpc.h"
#include "weft/foreign/json_rpc/json_rpc.h"
#include "weft/http1/server/protocol.h"
#include "weft/rpc/server.h"

#include "tests/foreign/arith.h"
#include "tests/peers/serve_peers.h"

int main() {
  weft::Server server{{.listen = "127.0.0.1:0"}};
  server.add<weft::foreign_tests::Calculator>();
  // First, so that the tests see that it leaves Go's CONNECT alone.
  server.add(weft::http1::protocol());
  weft::foreign::GoRpcOptions go;
  go.services = {{"Arith", "acme.v1.Calculator"}};
  server.add(weft::foreign::go_rpc(go));
  server.add(weft::foreign::json_rpc());
  server.add(weft::foreign::json_rpc_http());
  return weft::test::serve_peers(server);
}
