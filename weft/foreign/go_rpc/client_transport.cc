#include "weft/foreign/go_rpc/client_transport.h"

#include <algorithm>
#include <utility>

#include "weft/foreign/go_rpc/internal/connect_head.h"
#include "weft/foreign/go_rpc/internal/gob_client_format.h"
#include "weft/foreign/go_rpc/internal/json_client_format.h"
#include "weft/foreign/internal/client_channel.h"
#include "weft/rpc/client/channel.h"

namespace weft::foreign {
namespace {

constexpr std::string_view kJson = "go+json";
constexpr std::string_view kGob = "go+gob";
constexpr std::string_view kGobOverHttp = "go+http";
/// Of Go's rpc.DefaultRPCPath.
constexpr std::string_view kDefaultPath = "/_goRPC_";

bool is_path(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

/// What stands behind "scheme://".
Result<std::string_view> rest_of(std::string_view target) {
  for (const std::string_view scheme : {kJson, kGob, kGobOverHttp}) {
    const std::string_view rest = target.substr(std::min(scheme.size(), target.size()));
    if (target.starts_with(scheme) && rest.starts_with("://")) return rest.substr(3);
  }
  return invalid_argument("the channel's target " + std::string(target) +
                          " does not begin with go+json://, go+gob:// or go+http://");
}

/// The format that the scheme names.
void choose_format(std::string_view target, std::string_view path, std::size_t most,
                   FieldNames names, ClientSetup& setup) {
  if (target.starts_with(kJson)) {
    setup.make_format = [most, names] { return std::make_unique<JsonClientFormat>(most, names); };
    return;
  }
  setup.make_format = [most] { return std::make_unique<GobClientFormat>(most); };
  if (!target.starts_with(kGobOverHttp)) return;
  setup.greet = [path = std::string(path.empty() ? kDefaultPath : path)](net::Loop& loop,
                                                                         net::Stream& stream) {
    return connect_go_rpc(loop, stream, path);
  };
}

Result<std::shared_ptr<rpc::ClientTransport>> make_channel(const rpc::ClientTransportSetup& from,
                                                           const GoRpcClientOptions& options) {
  const ChannelOptions& channel = from.options;
  const Result<std::string_view> rest = rest_of(from.target);
  if (!rest.ok()) return rest.status();
  const std::string_view host = rest->substr(0, rest->find('/'));
  const std::string_view path = rest->substr(host.size());
  if (!path.empty() && (!from.target.starts_with(kGobOverHttp) || !is_path(path))) {
    return invalid_argument("the channel's target " + from.target +
                            ": only go+http:// has a path, of visible ASCII");
  }
  Result<net::HostPort> server = net::HostPort::parse(host);
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
  choose_format(from.target, path, channel.max_receive_size, options.field_names, setup);
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
  for (const std::string_view scheme : {kJson, kGob, kGobOverHttp}) {
    rpc::register_client_transport(std::string(scheme), go_rpc_client({}));
  }
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
