#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weft/base/function.h"
#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/codec/codec.h"
#include "weft/codec/compression.h"
#include "weft/coro/task.h"
#include "weft/http2/session/abuse_options.h"
#include "weft/net/socket/address.h"
#include "weft/net/tls/tls.h"
#include "weft/rpc/announce/announce_options.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/call/propagation.h"
#include "weft/rpc/call/service.h"

namespace weft {

using net::ClientCertificate;
using net::TlsCertificate;
using net::TlsServerOptions;
using net::TlsVersion;

/// How a Server behaves. Every limit has a default that is safe to leave.
struct ServerOptions {
  /// Where to listen: `host:port` (every address of the name), `:port` (every interface),
  /// `unix:path`, `inproc:name` (channels of this process, without a connection), `memory:name`
  /// (the same with one); port 0 lets the system choose; and those of schemes that components
  /// register, as `nats://`. Empty: listen() is called for each address.
  std::string listen{};  // {}: or GCC warns where a designated initialiser leaves it out
  /// The registry in which clients find this server, and the name of the service:
  /// `weft://host:7070/greeter`, `etcd://host:2379/services/greeter`. The server registers once it
  /// listens, and withdraws when a stop begins, before it refuses anything. An unreachable registry
  /// does not keep a server from starting: registration is retried. See docs/guide/discovery.md.
  std::string announce{};
  AnnounceOptions announce_options{};
  /// Loops, each with a thread of its own; 0 takes one per processor.
  std::size_t threads = 1;
  /// Run on these loops instead of threads of the server's own (a program's own io_context, a
  /// simulation). They must outlive the server.
  std::vector<net::Loop*> loops{};
  /// A handler that keeps its loop's thread for longer than this, before it first awaits anything,
  /// does not keep the loop's other calls waiting: another thread carries on with them meanwhile.
  /// So handlers may run in parallel, also with one thread. 100 microseconds is a good value;
  /// kForever: never. Like poll_spin for loops of the server's own; a program's bring their
  /// net::LoopOptions. docs/guide/slow-handlers.md lists what handlers have to observe.
  Duration handler_bound = kForever;
  /// How long a loop that has run out of work looks for more before it sleeps. Spends a core on
  /// latency: what arrives meanwhile need not wait for the thread to be woken.
  Duration poll_spin = Duration::zero();
  /// TLS on every address but `unix:`, `inproc:` and `memory:`; without it all is plaintext.
  std::optional<TlsServerOptions> tls{};

  /// Largest request and response message in bytes.
  std::size_t max_receive_size = 4 * 1024 * 1024;
  std::size_t max_send_size = SIZE_MAX;
  /// Encodings of request messages that are accepted; a call with another one is UNIMPLEMENTED.
  CompressionSet accepted_compressions = CompressionSet::all();
  /// A request message may not inflate to more than this many times its size, if that is more than
  /// 64 KiB; 0: up to max_receive_size. Text compresses to a fifth or a tenth of its size, zeros to
  /// a ten-thousandth.
  std::size_t max_decompression_ratio = 0;
  /// Largest request metadata in bytes, counted as HTTP/2 does; and the largest header list of a
  /// response, where the client takes no less: longer status messages are cut, details dropped, and
  /// metadata of a handler that exceeds it fails the call.
  std::uint32_t max_metadata_size = 16 * 1024;
  /// Trace and baggage that calls' contexts get from their requests. On a server for strangers,
  /// leave the baggage out: {.baggage = false}.
  PropagationOptions propagation{};
  /// Calls at the same time: on a connection (SETTINGS_MAX_CONCURRENT_STREAMS), and in the whole
  /// server (beyond it: RESOURCE_EXHAUSTED).
  std::uint32_t max_calls_per_connection = 1000;
  std::size_t max_calls = SIZE_MAX;
  /// Beyond it a new connection is closed at once.
  std::size_t max_connections = SIZE_MAX;
  /// The same for one client: an IPv4 address, or the /64 network of an IPv6 one. Behind a proxy or
  /// a balancer all clients are one.
  std::size_t max_connections_per_peer = SIZE_MAX;

  /// Bytes of memory that a connection with its calls may make the server hold, and the same for
  /// all connections together: received and unread, waiting to be sent, metadata, the records of
  /// calls and connections. What handlers hold is not counted, except the single request of a
  /// method that takes one. 0: max_connection_memory is 256 MiB, or eight messages of
  /// max_receive_size if that is more; max_memory is 1 GiB, or four connections' if that is more.
  /// See docs/reference/security.md.
  std::size_t max_connection_memory = 0;
  std::size_t max_memory = 0;

  /// How long calls may wait for a loop that has more to do than it can. While the delay stands,
  /// the calls that would wait longer are refused at once, before their messages are read, as
  /// UNAVAILABLE; not those of the health and reflection services. Without it (kForever) only calls
  /// that would miss their own deadlines are refused. See docs/guide/overload.md.
  Duration max_queue_delay = kForever;

  /// PING a silent connection after this long, and close it when no answer comes within the
  /// timeout.
  Duration keepalive_time = std::chrono::hours(2);
  Duration keepalive_timeout = std::chrono::seconds(20);
  /// A client that pings more often than this is sent GOAWAY too_many_pings (after two strikes).
  Duration min_ping_interval = std::chrono::minutes(5);
  /// Whether a client may ping at that interval while it has no call.
  bool ping_without_calls = false;
  /// Ask clients to leave a connection of this age (jittered by 10 %), and cancel its calls when
  /// the grace is over; close a connection that had no call for max_connection_idle.
  Duration max_connection_age = kForever;
  Duration max_connection_age_grace = kForever;
  Duration max_connection_idle = kForever;
  /// How long a new connection may take for its TLS handshake, and then to say hello and to
  /// acknowledge our SETTINGS.
  Duration handshake_timeout = std::chrono::seconds(20);

  /// How long a client may take to finish a header block.
  Duration header_timeout = std::chrono::seconds(20);
  /// A client that takes nothing of a response for this long, by not opening its window, loses the
  /// call; one that does not read from its socket loses the connection. Noticed at the latest after
  /// twice this time.
  Duration stall_timeout = std::chrono::minutes(5);

  /// What a client may do that costs it nothing; see docs/reference/security.md. Clients that
  /// cancel many calls, for example by short deadlines, may need more than the defaults of
  /// `reset_burst` and `resets_per_second`.
  http2::AbuseOptions abuse{};

  /// Flow-control window of a stream and of a connection at the start, and what they may grow to.
  /// max_connection_memory bounds what a connection makes the server hold; its window is at most an
  /// eighth of that. A large window is for several large messages under way.
  std::uint32_t stream_window = 256 * 1024;
  std::uint32_t connection_window = 8 * 1024 * 1024;
  std::uint32_t max_window = 8 * 1024 * 1024;

  /// Offer grpc.health.v1.Health and server reflection in addition to the services that were added.
  bool health = true;
  bool reflection = true;
};

namespace rpc {

class HttpHandler;
class Transport;
class WireProtocol;

/// A generated service can tell what a class that derives from it overrides.
template <class T>
concept KnowsOverridden = requires { T::template overridden<T>(); };

template <class T>
constexpr bool overrides_something() {
  if constexpr (KnowsOverridden<T>) {
    for (const bool one : T::template overridden<T>()) {
      if (one) return true;
    }
    return false;
  } else {
    return true;
  }
}

/// Whether Server::add<T>(arguments...) is possible; says why not when it is compiled.
template <class T, class... Args>
constexpr bool can_be_added() {
  if constexpr (!std::derived_from<T, ServiceDefinition>) {
    static_assert(std::derived_from<T, ServiceDefinition>,
                  "add<T>(): T is no service: derive it from a class that weft_proto() generates");
    return false;
  } else if constexpr (std::is_abstract_v<T>) {
    static_assert(!std::is_abstract_v<T>, "add<T>(): T has pure virtual functions left");
    return false;
  } else if constexpr (!std::constructible_from<T, Args...>) {
    static_assert(std::constructible_from<T, Args...>,
                  "add<T>(arguments...): T has no public constructor that takes these arguments");
    return false;
  } else {
    static_assert(overrides_something<T>(),
                  "add<T>(): T overrides no method of its service: is a name or a parameter "
                  "misspelt? Write `override` behind each, and the compiler says which");
    return overrides_something<T>();
  }
}

/// Says which methods answer UNIMPLEMENTED, if any do.
void log_not_overridden(const ServiceDescriptor& service, std::span<const bool> overridden);

}  // namespace rpc

/// Serves calls: services, listeners and the loops they run on.
///
///     weft::Server server{{.listen = "0.0.0.0:50051"}};
///     server.add<Greeter>();
///     return weft::run(server);
///
/// Set up from one thread, then start(). stop() may be called from any thread, wait() from any that
/// is not one of its loops, where it would wait for itself.
class Server {
 public:
  explicit Server(ServerOptions options = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Stops at once if it still runs.
  ~Server();

  // The following functions are for the time before start(); later they end the program with a
  // message, since the addition would never be used.

  /// Adds a middleware around every call; the first is the outermost.
  void use(Middleware middleware);
  /// Adds a service; a second one of the same name makes start() fail.
  void add(std::shared_ptr<ServiceDefinition> service);
  /// Makes and adds a service. One that overrides none of its methods does not compile, and what
  /// it leaves out is logged.
  template <class T, class... Args>
  T& add(Args&&... args) {
    if constexpr (rpc::can_be_added<T, Args...>()) {
      auto service = std::make_shared<T>(std::forward<Args>(args)...);
      T& reference = *service;
      if constexpr (rpc::KnowsOverridden<T>) {
        rpc::log_not_overridden(service->descriptor(), T::template overridden<T>());
      }
      add(std::move(service));
      return reference;
    } else {
      __builtin_unreachable();
    }
  }
  /// Adds a format of messages beside protobuf: calls of `application/grpc+` its name are served,
  /// and answered in kind. A second one of the same name, and a name that is not possible, make
  /// start() fail.
  void add(std::shared_ptr<const Codec> codec);
  /// Serves calls of any kind with unknown paths, their messages as bytes; null: they are
  /// UNIMPLEMENTED. A proxy is one: see rpc::forward() in weft/rpc/forward.h.
  void fallback(std::shared_ptr<Service> service);
  /// Adds an address to listen on, as ServerOptions::listen has it.
  void listen(std::string address);
  /// Adds a handler of HTTP requests that are not gRPC's, on every address.
  void add(std::shared_ptr<rpc::HttpHandler> handler);
  /// Adds a protocol beside HTTP/2, on every address.
  void add(std::shared_ptr<rpc::WireProtocol> protocol);
  /// Adds an observer of the calls of every transport, and of connections; see observer.h. Several
  /// are called in the order in which they were added.
  void add(std::shared_ptr<Observer> observer);
  /// Adds another transport; the server needs no address then.
  void add(std::unique_ptr<rpc::Transport> transport);

  /// Binds and begins to serve; the error names the address and the cause.
  Status start();
  /// The addresses it listens on, with the ports that were chosen. After start().
  const std::vector<net::Address>& addresses() const noexcept;
  /// The port of the first IP address; 0 where there is none.
  std::uint16_t port() const noexcept;
  /// Loads certificates, keys and CAs again now rather than when their files are next looked at;
  /// when that fails, those there are stay in use. After start(), from any thread.
  Status reload_tls();

  /// Stops the server; always returns. Withdraws from the registries (for at most two seconds),
  /// stops accepting, tells clients to go elsewhere (two-step GOAWAY), waits until calls have ended
  /// or `grace` is over, cancels the rest, gives them five seconds to notice, and closes. Handlers
  /// that still run are logged. A thread of the server that is blocked, for example by a handler,
  /// cannot be ended: it is left behind with everything it uses until the program ends. Idempotent.
  /// On one of the server's own loops, for example in a handler, it returns at once and the stop
  /// continues in the background.
  void stop(Duration grace = std::chrono::seconds(10));
  /// As stop(), for a coroutine on any loop. In a handler of the server itself the wait includes
  /// the handler's own call, so it lasts until the grace is over and the call is cancelled: use
  /// stop() there. Cancelling the wait does not end the stop.
  Task<> shutdown(Duration grace = std::chrono::seconds(10));
  /// Blocks until the server has stopped.
  void wait();

  /// Serving status for grpc.health.v1; the empty name is the server as a whole. From any thread.
  void set_serving(std::string_view service, bool serving);

  /// Calls and connections now.
  std::size_t active_calls() const noexcept;
  std::size_t active_connections() const noexcept;
  /// Calls refused so far because of overload (ServerOptions::max_queue_delay).
  std::uint64_t refused_calls() const noexcept;

 private:
  friend int run(Server& server);
  /// Calls `function` when the server has stopped, on any thread; at once if it has stopped already
  /// or never started.
  void when_stopped(UniqueFunction<void()> function);
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// Starts the server, logs that, serves until SIGTERM, SIGINT or a stop from elsewhere, drains, and
/// returns the program's exit status: 0, or 1 with the error on the log if the server could not
/// start. A second signal ends the program at once. docs/reference/process.md has the rest.
int run(Server& server);

}  // namespace weft
