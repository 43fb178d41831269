#include "weft/messaging/nats/transport.h"

#include <atomic>
#include <utility>

#include "weft/messaging/nats/internal/client/client_channel.h"
#include "weft/messaging/nats/internal/dropped.h"
#include "weft/messaging/nats/internal/server/server_transport.h"

namespace weft::nats {
namespace {

std::atomic<std::uint64_t> dropped{0};

bool register_schemes() {
  for (const char* scheme : {"nats", "nats+tls"}) {
    rpc::register_client_transport(scheme, client_transport({}));
    rpc::register_transport(scheme,
                            [](const std::string& address) { return transport(address, {}); });
  }
  return true;
}

[[maybe_unused]] const bool kRegistered = register_schemes();

}  // namespace

void note_dropped() noexcept { dropped.fetch_add(1, std::memory_order_relaxed); }

std::uint64_t dropped_messages() noexcept { return dropped.load(std::memory_order_relaxed); }

std::unique_ptr<rpc::Transport> transport(std::string address, Options options) {
  return std::make_unique<ServerTransport>(std::move(address), std::move(options));
}

rpc::ClientTransportFactory client_transport(Options options) {
  return [options = std::move(options)](const rpc::ClientTransportSetup& setup) {
    return make_client_channel(setup, options);
  };
}

}  // namespace weft::nats

extern "C" {
/// What the linker is told to look for (weft/messaging/nats/CMakeLists.txt), so that this file is
/// part of every program that is linked with the library.
extern const char weft_messaging_nats_schemes;
const char weft_messaging_nats_schemes = 0;
}
