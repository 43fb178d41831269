#include "weft/edge/client/client_transport.h"

#include <utility>

#include "weft/edge/client/internal/edge_channel.h"

namespace weft::edge {

rpc::ClientTransportFactory client_transport(ClientTransportOptions options) {
  return [options](const rpc::ClientTransportSetup& setup) {
    return make_edge_channel(setup, options);
  };
}

namespace {

bool register_schemes() {
  for (const char* scheme : {"connect+http", "connect+https", "grpc-web+http", "grpc-web+https"}) {
    rpc::register_client_transport(scheme, client_transport({}));
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_schemes();

}  // namespace
}  // namespace weft::edge

extern "C" {
/// What the linker is told to look for (weft/edge/client/CMakeLists.txt), so that this file is part
/// of every program that is linked with the library.
extern const char weft_edge_client_schemes;
const char weft_edge_client_schemes = 0;
}
