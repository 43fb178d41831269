#include "weft/rpc/client/client_transport.h"

#include <utility>

#include "weft/cluster/resolvers/schemes.h"
#include "weft/rpc/inproc/internal/inproc_channel.h"

namespace weft::rpc {
namespace {

using Schemes = cluster::Schemes<ClientTransportFactory>;

Schemes& schemes() {
  // Never destroyed: channels may be made while a program ends.
  static auto& all = *new Schemes();
  return all;
}

// Before main(): a fork() while another thread makes it would leave the child to wait for that.
[[maybe_unused]] const Schemes& made_early = schemes();

}  // namespace

void register_client_transport(std::string scheme, ClientTransportFactory factory) {
  schemes().add(std::move(scheme), std::move(factory));
}

ClientTransportFactory find_client_transport(std::string_view target) {
  const std::size_t colon = target.find(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view scheme = target.substr(0, colon);
  ClientTransportFactory found = schemes().find(scheme);
  if (!found && scheme == "inproc") return &make_inproc_channel;
  return found;
}

}  // namespace weft::rpc
