#include "weft/security/credentials/credentials.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "weft/cluster/endpoints/endpoint.h"
#include "weft/net/socket/address_scope.h"
#include "weft/net/tls/tls_info.h"

namespace weft {
namespace {

using security::CredentialRef;
using security::CredentialSourceRef;
using Asked = Task<Result<CredentialRef>>;

/// Whether nothing that is sent to `address` leaves this machine. The scope of an IPv6 address that
/// stands for an IPv4 one says less: 6to4's and NAT64's (2002:7f00:1::, 64:ff9b::7f00:1) have
/// routes to other machines, whatever they stand for.
bool is_this_machine(const net::Address& address, const net::Loop& loop) {
  if (net::scope_of(address, loop) != net::AddressScope::Machine) return false;
  if (address.family() != net::Address::Family::Ipv6) return true;
  in6_addr bytes{};
  return inet_pton(AF_INET6, address.host().c_str(), &bytes) == 1 &&
         (IN6_IS_ADDR_LOOPBACK(&bytes) || IN6_IS_ADDR_V4MAPPED(&bytes));
}

/// Another connection than the one that was picked may carry the call: to another of the addresses.
bool stays_here(const Call& call) {
  const cluster::Endpoint* const endpoint = call.endpoint();
  return endpoint != nullptr && std::all_of(endpoint->addresses.begin(), endpoint->addresses.end(),
                                            [&](const net::Address& address) {
                                              return is_this_machine(address, call.loop());
                                            });
}

[[gnu::cold]] Status refused(const Call& call) {
  std::string message = "the credentials of the call were not sent";
  const Peer* const peer = call.peer();
  if (peer == nullptr) {
    message +=
        ": nothing is known of the way that it would take (add credentials() by "
        "Channel::use_per_endpoint(); a proxy needs ChannelOptions::tls)";
  } else if (peer->tls != nullptr) {
    message += " to " + peer->describe() +
               ": its certificate was not verified (TlsClientOptions::insecure)";
  } else {
    message += " to " + peer->describe() +
               ": the connection is plaintext (ChannelOptions::tls, or "
               "CredentialOptions::Plaintext::Allowed)";
  }
  return unauthenticated(message);
}

Status check_way(const Call& call) {
  const Peer* const peer = call.peer();
  if (peer == nullptr) return refused(call);
  if (peer->kind() == Peer::Kind::InProcess) return {};
  if (peer->tls != nullptr) return peer->identity() != nullptr ? Status() : refused(call);
  return stays_here(call) ? Status() : refused(call);
}

class Carry {
 public:
  Carry(CredentialSourceRef source, CredentialOptions options)
      : source_(std::move(source)), options_(std::move(options)) {}

  Task<Status> operator()(Call& call, Next next) const {
    if (!has_field(call)) return carry(call, next);
    Status way = check(call);
    return way.ok() ? next(call) : Task<Status>(std::move(way));
  }

 private:
  bool has_field(const Call& call) const {
    return call.request_metadata().get(options_.field).has_value();
  }
  Status check(const Call& call) const {
    return options_.plaintext == CredentialOptions::Plaintext::Allowed ? Status() : check_way(call);
  }

  Task<Status> carry(Call& call, Next next) const {
    Asked asked = source_->credential(call);
    const Result<CredentialRef> found = co_await std::move(asked);
    if (!found.ok()) co_return found.status();
    if (*found == nullptr) co_return co_await next(call);
    Status way = check(call);
    if (!way.ok()) co_return way;
    call.request_metadata().add(options_.field, **found);
    Status status = co_await next(call);
    // The same call may be sent again, perhaps elsewhere.
    call.request_metadata().remove(options_.field);
    co_return status;
  }

  CredentialSourceRef source_;
  CredentialOptions options_;
};

}  // namespace

Middleware credentials(CredentialSourceRef source, CredentialOptions options) {
  return Carry(std::move(source), std::move(options));
}

}  // namespace weft
