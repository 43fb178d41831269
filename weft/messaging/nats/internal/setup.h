#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/messaging/nats/transport.h"
#include "weft/net/socket/address.h"
#include "weft/net/tls/tls.h"

namespace weft::nats {

/// What an address says: nats://[user[:password]@]host[:port][,host[:port]...]/prefix
struct Destination {
  bool tls = false;
  std::vector<net::HostPort> brokers;  ///< at least one
  std::string user;
  std::string password;
  std::string token;   ///< a user without a password
  std::string prefix;  ///< of all subjects

  /// INVALID_ARGUMENT; it does not show what may be a password.
  static Result<Destination> parse(std::string_view address);
};

/// "10.0.0.1:4222", for messages.
std::string name_of(const net::HostPort& broker);

/// What the loops of a server or a channel share.
struct Setup {
  Destination to;
  Options options;
  std::shared_ptr<net::TlsClientContext> tls;  ///< null: none
  /// Bytes of headers and payload of a message that is taken from the broker.
  std::size_t max_message = 0;

  /// "nats://10.0.0.1:4222/shop": without credentials.
  std::string name() const;
};

/// Setup::max_message for these limits of a payload and of metadata.
std::size_t largest_message(std::size_t payload, std::size_t metadata) noexcept;

/// INVALID_ARGUMENT where the address or the options cannot be used.
Result<std::shared_ptr<const Setup>> make_setup(std::string_view address, Options options,
                                                std::size_t max_message);

}  // namespace weft::nats
