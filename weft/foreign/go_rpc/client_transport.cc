#include "weft/foreign/go_rpc/client_transport.h"

#include <utility>

#include "weft/foreign/go_rpc/internal/json_client_format.h"
#include "weft/foreign/internal/client_channel.h"
#include "weft/rpc/client/channel.h"

namespace weft::foreign {
namespace {

constexpr std::string_view kJson = "go+json://";

Result<std::shared_ptr<rpc::ClientTransport>> make_channel(const rpc::ClientTransportSetup& from,
                                                           const GoRpcClientOptions& options) {
  const ChannelOptions& channel = from.options;
  if (!from.target.starts_with(kJson)) {
    return invalid_argument("the channel's target " + from.target + " does not begin with " +
                            std::string(kJson));
  }
  Result<net::HostPort> server = net::HostPort::parse(from.target.substr(kJson.size()));
  if (!server.ok()) return server.status().with_prefix("the channel's target " + from.target);
  ClientSetup setup{.server = *std::move(server), .name = from.target};
  if (channel.tls) {
    net::TlsClientOptions options = *channel.tls;
    // Neither h2, the default, nor a name of this protocol, of which there is none.
    if (options.alpn.empty()) options.alpn.emplace_back("http/1.1");
    auto tls = net::TlsClientContext::create(std::move(options));
    if (!tls.ok()) return tls.status().with_prefix("ChannelOptions::tls");
    setup.tls = *std::move(tls);
    setup.tls_name = channel.authority.empty() ? setup.server.host : channel.authority;
  }
  setup.connect_timeout = channel.connect_timeout;
  setup.initial_backoff = channel.initial_backoff;
  setup.max_backoff = channel.max_backoff;
  setup.limits = {.max_calls = options.max_calls, .max_unsent_bytes = options.max_unsent_bytes};
  setup.services = options.services;
  setup.make_format = [most = channel.max_receive_size, names = options.field_names] {
    return std::make_unique<JsonClientFormat>(most, names);
  };
  return std::shared_ptr<rpc::ClientTransport>(
      std::make_shared<ClientChannel>(std::move(setup), from));
}

}  // namespace

rpc::ClientTransportFactory go_rpc_client(GoRpcClientOptions options) {
  return [options = std::move(options)](const rpc::ClientTransportSetup& setup) {
    return make_channel(setup, options);
  };
}

namespace {

bool register_schemes() {
  rpc::register_client_transport("go+json", go_rpc_client({}));
  return true;
}

[[maybe_unused]] const bool kRegistered = register_schemes();

}  // namespace
}  // namespace weft::foreign

extern "C" {
/// What the linker is told to look for (weft/foreign/CMakeLists.txt), so that this file is part of
/// every program that is linked with the library.
extern const char weft_foreign_schemes;
const char weft_foreign_schemes = 0;
}
