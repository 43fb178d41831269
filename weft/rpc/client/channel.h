#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/time.h"
#include "weft/cluster/resolvers/resolver.h"
#include "weft/codec/codec.h"
#include "weft/codec/compression.h"
#include "weft/coro/task.h"
#include "weft/net/tls/tls.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/propagation.h"
#include "weft/rpc/call/service.h"
#include "weft/rpc/client/balancing.h"
#include "weft/rpc/client/client_transport.h"

namespace weft {

using net::TlsClientOptions;
using net::TlsVersion;

/// How a Channel behaves.
struct ChannelOptions {
  /// `:authority` of the calls, and with TLS the name that the server has to prove; empty takes
  /// TlsClientOptions::server_name, and without that the target.
  std::string authority{};  // {}: or GCC warns where a designated initialiser leaves it out
  /// TLS to the server, for every target; without it plaintext.
  std::optional<TlsClientOptions> tls{};
  /// Put before weft's own in `user-agent`. Printable ASCII.
  std::string user_agent{};
  /// An HTTP proxy to reach the target through (CONNECT): "http://proxy.example:3128", with
  /// "user:password@" before the host where it wants that. "environment": what the variables
  /// https_proxy, for calls without TLS http_proxy, and no_proxy say. Empty: none. Only for targets
  /// of the form `host:port` and `dns:///host:port`; see docs/guide/proxies.md.
  std::string proxy{};

  /// Largest response and request message in bytes.
  std::size_t max_receive_size = 4 * 1024 * 1024;
  std::size_t max_send_size = SIZE_MAX;
  /// Encodings of response messages that are accepted.
  CompressionSet accepted_compressions = CompressionSet::all();
  /// Largest response metadata in bytes, counted as HTTP/2 does.
  std::uint32_t max_metadata_size = 16 * 1024;
  /// Deadline of calls that set none.
  Duration default_timeout = kForever;
  /// Encoding of requests that set none.
  Compression compression = Compression::Identity;
  /// Trace and baggage that calls carry from their contexts. For servers of others, leave the
  /// baggage out: {.baggage = false}.
  PropagationOptions propagation{};
  /// Format of the messages of calls that choose none (CallOptions::codec); null: protobuf.
  std::shared_ptr<const Codec> codec{};

  /// gRPC's connection back-off (doc/connection-backoff.md): from the first wait to the longest,
  /// times 1.6 with 20 % jitter; an attempt is given at least connect_timeout,
  /// and a server as long to acknowledge our SETTINGS.
  Duration initial_backoff = std::chrono::seconds(1);
  Duration max_backoff = std::chrono::seconds(120);
  Duration connect_timeout = std::chrono::seconds(20);

  /// PING a silent connection after this long; kForever: never. Servers refuse clients that ping
  /// more often than they allow (gRPC's default: every five minutes).
  Duration keepalive_time = kForever;
  Duration keepalive_timeout = std::chrono::seconds(20);
  bool keepalive_without_calls = false;
  /// Close a connection that had no call for this long.
  Duration idle_timeout = std::chrono::minutes(30);

  /// Connections that a loop may open to an instance when the streams of those there are used up.
  std::size_t max_connections = 4;

  /// How calls are spread over instances.
  BalancingOptions balancing{};
  /// Finds the instances in place of the resolver of the target's scheme; the target is then only a
  /// name.
  cluster::ResolverFactory resolver{};
  /// Carries the calls in place of the transport of the target's scheme; the target is then only a
  /// name. It ignores options of connections and instances unless it documents them.
  rpc::ClientTransportFactory transport{};

  /// Flow-control window of a stream and of a connection at the start, and what they may grow to.
  std::uint32_t stream_window = 256 * 1024;
  std::uint32_t connection_window = 8 * 1024 * 1024;
  std::uint32_t max_window = 8 * 1024 * 1024;
};

/// Where calls go: a target name and the connections to it.
///
/// Targets: `host:port`, `dns:///host:port`, `ipv4:`, `ipv6:`, `unix:path`, `inproc:name`, and
/// those of docs/reference/targets.md. A channel may be used from any thread: every loop that calls
/// through it has connections of its own, so a call takes no lock. Connections are made when the
/// first call needs one, and again, with back-off, after they break. Calls still under way when the
/// channel is destroyed end with CANCELLED.
class Channel final : public Service {
 public:
  explicit Channel(std::string target, ChannelOptions options = {});
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() override;

  /// Adds a middleware around every call; the first is the outermost. Before the first call, or
  /// connect(); later it ends the program with a message.
  void use(Middleware middleware);
  /// Adds an observer of the channel's calls, connections, instances and resolver; see observer.h.
  /// Like use() before the first call. Several are called in the order in which they were added.
  void add(std::shared_ptr<Observer> observer);
  /// Adds a middleware around every attempt of a call on an instance (Call::endpoint()): inside of
  /// policies that repeat calls, outside of the connection. Like use() before the first call.
  void use_per_endpoint(Middleware middleware);
  /// Changes how calls are spread from now on, on every loop; from any thread. Connections to
  /// instances that are still used stay. An invalid option is an error and changes nothing.
  Status set_balancing(BalancingOptions balancing);
  const std::string& target() const noexcept;

  Task<Status> serve(Call& call) override;
  const std::shared_ptr<const Codec>& codec() const noexcept override;

  /// Makes this loop's connection to the target where there is none, so that the first call finds
  /// it. OK once there is one, else the status that a call without wait-for-ready would get.
  Task<Status> connect();

  /// The loop that blocking calls run on. Ends the program with a message where it cannot be
  /// started for lack of descriptors or threads.
  net::Loop& blocking_loop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft
