#include "weft/rpc/server/transport.h"

#include <utility>

#include "weft/cluster/resolvers/schemes.h"

namespace weft::rpc {
namespace {

using Schemes = cluster::Schemes<TransportFactory>;

Schemes& schemes() {
  // Never destroyed: servers may be made while a program ends.
  static auto& all = *new Schemes();
  return all;
}

// Before main(): a fork() while another thread makes it would leave the child to wait for that.
[[maybe_unused]] const Schemes& made_early = schemes();

}  // namespace

void register_transport(std::string scheme, TransportFactory factory) {
  schemes().add(std::move(scheme), std::move(factory));
}

TransportFactory find_transport(std::string_view address) {
  const std::size_t colon = address.find(':');
  return colon == std::string_view::npos ? TransportFactory()
                                         : schemes().find(address.substr(0, colon));
}

}  // namespace weft::rpc
