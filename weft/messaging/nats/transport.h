#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "weft/base/time.h"
#include "weft/net/tls/tls.h"
#include "weft/rpc/client/client_transport.h"
#include "weft/rpc/server/transport.h"

/// Calls over a NATS broker. A program that links weft::messaging_nats has these addresses and
/// targets:
///
///     weft::Server server{{.listen = "nats://10.0.0.1:4222/shop"}};
///     weft::Channel channel{"nats://10.0.0.1:4222/shop"};
///
/// Calls go to the subject `shop.<package.Service>.<Method>`. `nats+tls://` is the same over TLS,
/// `nats://user:password@host/shop` and `nats://token@host/shop` bring credentials, and
/// `nats://a:4222,b:4222/shop` names several servers of a cluster. Methods that stream are
/// UNIMPLEMENTED. docs/guide/nats.md has the rules, docs/reference/nats-envelope.md what is sent.
namespace weft::nats {

/// How a server or a channel speaks with its broker.
struct Options {
  /// Credentials, where the address has none: a user with a password, or a token. They go over
  /// connections without TLS as they are.
  std::string user{};
  std::string password{};
  std::string token{};
  /// Of `nats+tls://`; INVALID_ARGUMENT with another scheme. Without it, the system's CAs.
  std::optional<net::TlsClientOptions> tls{};
  /// What the broker shows of this client in its list of connections.
  std::string name = "weft";
  /// Of a server: those of the same group share the calls of a subject.
  std::string queue_group = "q";
  /// Of a server: answers NATS' tools (`nats micro ls`, `info`, `stats`) by the micro protocol, so
  /// that whoever may publish to `$SRV.>` sees the names of its methods and how many calls there
  /// were. The broker has to let it subscribe to that.
  bool micro = true;
  /// Of a channel: deadline of calls that have none. A broker does not say that the server of a
  /// call has died, so a call without one would wait for ever.
  Duration default_timeout = std::chrono::seconds(60);
  /// For a connection, TLS and the broker's answer to the credentials.
  Duration connect_timeout = std::chrono::seconds(10);
  /// Pause before the second attempt to connect; it grows up to `most_pause`, with jitter.
  Duration first_pause = std::chrono::milliseconds(100);
  Duration most_pause = std::chrono::seconds(10);
  /// PING after this long; a connection on which nothing comes for two of them is lost.
  Duration ping_interval = std::chrono::seconds(20);
  /// Calls of a loop at the same time: of a channel, those that wait for the broker or an answer,
  /// of a server, those that are served. One more is RESOURCE_EXHAUSTED.
  std::size_t max_calls = 10'000;
  /// Of a server: bytes of requests with their subjects, as they came and decompressed, of the
  /// calls that a loop serves. One more is RESOURCE_EXHAUSTED. What handlers hold is not counted.
  std::size_t max_request_memory = std::size_t{256} << 20;
  /// Bytes that wait to be sent on a loop. Beyond it a channel's calls are RESOURCE_EXHAUSTED, and
  /// a server takes no more calls from the broker until there is room.
  std::size_t max_output = std::size_t{16} << 20;
};

/// A server's transport, for Server::add(), where the defaults are not wanted. Its start() is
/// INVALID_ARGUMENT where `address` or `options` cannot be used; a broker that cannot be reached is
/// logged and tried again.
std::unique_ptr<rpc::Transport> transport(std::string address, Options options);

/// For ChannelOptions::transport, where the defaults are not wanted. The channel's target is an
/// address as above all the same.
///
/// Of ChannelOptions it takes the limits of sizes, `accepted_compressions`, `propagation`, `tls`,
/// and what every transport's calls have. `authority` and `proxy` are INVALID_ARGUMENT. The others
/// are about HTTP/2.
rpc::ClientTransportFactory client_transport(Options options);

/// Messages of this process's brokers that no call took: replies that came late, twice or of
/// nowhere, and requests without a subject for the reply.
std::uint64_t dropped_messages() noexcept;

}  // namespace weft::nats
