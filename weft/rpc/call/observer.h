#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/coro/trace_context.h"
#include "weft/net/socket/address.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/call/peer.h"

namespace weft {

/// What a call took. On a client the figures are the sums of all attempts; an answer from a cache
/// has none. Message sizes are those of the format's encoding; on the wire they are compressed and
/// have gRPC's prefix of five bytes. A transport without a wire, such as `inproc:`, leaves the
/// figures of the wire at zero.
struct CallStats {
  std::uint64_t sent_messages = 0;
  std::uint64_t received_messages = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_wire_bytes = 0;
  std::uint64_t received_wire_bytes = 0;
  /// Client: how often the call was sent on a connection, or given to a transport of another kind.
  /// 0: it was never sent.
  union {
    std::uint32_t attempts = 0;
    std::uint32_t tries;  ///< older name of `attempts`
  };
  /// Client: how long it waited for a connection with room for it.
  Duration waited{};
  /// Server: from the first middleware's begin to the handler's end.
  Duration in_handler{};
  /// Client: from the first middleware's begin. Server: from the arrival of the headers. To the end
  /// of the call.
  Duration took{};
};

/// What a server counts by itself. From any thread, also after the server has gone.
class ServerFigures {
 public:
  virtual ~ServerFigures() = default;
  virtual std::size_t connections() const noexcept = 0;
  /// Bytes that clients make it hold, and how many they may (ServerOptions::max_memory).
  virtual std::size_t memory() const noexcept = 0;
  virtual std::size_t memory_limit() const noexcept = 0;
};

/// A server is about to take calls.
struct ServerStart {
  /// What it serves; the descriptors live as long as the services' code.
  std::span<const ServiceDescriptor* const> services;
  /// Whether calls of other paths are served too (Server::fallback()).
  bool has_fallback = false;
  std::span<net::Loop* const> loops;
  std::shared_ptr<const ServerFigures> figures;
};

/// A call that a server refused before its handler. All it refers to is valid during on_refusal().
struct RefusedCall {
  enum class Cause : std::uint8_t {
    Overload,  ///< it would wait longer than ServerOptions::max_queue_delay
    Deadline,  ///< it would wait longer than its own deadline
    Limit,     ///< calls at the same time, or memory, of the server or of the connection
    Headers,   ///< the request's headers are too large or invalid, or ask for an unknown format
    Method,    ///< nobody serves the path
    NotGrpc,   ///< an HTTP request that no handler takes
  };
  Cause cause;
  std::string_view path;  ///< empty if the headers were too large to be read
  const Peer& peer;
  const Status& status;
  /// The trace that came with it, which may be none (TraceContext::valid()); null where it was not
  /// read.
  const TraceContext* trace = nullptr;
};

/// Something that a policy did. Names are static text; each policy's header lists its events and
/// the meaning of their values.
struct PolicyEvent {
  std::string_view policy;  ///< "retry", "hedge", "breaker" ...
  std::string_view event;   ///< "attempt", "rejected", "opened" ...
  std::string_view path;    ///< "/pkg.Service/Method" of the call; valid during on_policy()
  std::int64_t value = 0;   ///< how many, or nanoseconds; 0 where the event alone says it
};

/// Something that happened to a connection. All it refers to is valid during on_connection().
struct ConnectionEvent {
  enum class What : std::uint8_t {
    Opened,   ///< server: accepted; client: ready for calls. A Closed follows
    Refused,  ///< server: closed at once because of a limit, which `status` names
    /// It never became one that calls can use; `status` says why: TLS, no HTTP/2. On a server that
    /// is between Opened and Closed, on a client in their place.
    Failed,
    Leaving,  ///< GOAWAY was sent or has come: it takes no new calls; `status` says why
    Closed,   ///< `status` says why
  };
  /// The side that caused it.
  enum class By : std::uint8_t {
    Local,    ///< this side: a limit, a drain, an idle timeout, a peer that broke a rule
    Peer,     ///< the other side closed it, or said that it leaves
    Network,  ///< the connection was lost, or could not be made
  };
  What what;
  Call::Side side;
  By by = By::Local;
  /// The peer's. Default-constructed if unknown.
  const net::Address& address;
  /// What TLS agreed on; null without TLS and before the handshake.
  const net::TlsInfo* tls = nullptr;
  const Status& status;
};

/// Something that happened to an instance of a channel's target, as one loop sees it.
struct EndpointEvent {
  enum class What : std::uint8_t {
    Found,      ///< the resolver named it
    Gone,       ///< the resolver names it no more
    Ejected,    ///< outlier detection leaves it out
    Probing,    ///< it is back from ejection with one call at a time
    Back,       ///< it has its full share again
    Unhealthy,  ///< its health check says that it does not serve
    Healthy,    ///< its health check says that it serves
  };
  What what;
  const cluster::Endpoint& endpoint;  ///< valid during on_endpoint()
};

/// A resolver has found something, or has failed. All it refers to is valid during on_resolver().
struct ResolverEvent {
  std::string_view target;    ///< without what must not be shown
  std::size_t endpoints = 0;  ///< how many it found
  const Status& status;       ///< not OK: why it found nothing; endpoints found before stay in use
};

/// Sees what a server or a channel does, for metrics, traces and logs: Server::add(),
/// Channel::add(), and the options of policies. Every function does nothing unless it is
/// overridden. They are called on the loop of the call or connection, so several threads call one
/// observer at once; they must be quick and make no calls.
///
/// For each gRPC request a server calls either on_begin() and then on_end(), or on_refusal().
class Observer {
 public:
  virtual ~Observer() = default;

  /// Server: before the first call, on the thread that starts the transports. Again where a start
  /// failed and is tried once more.
  virtual void on_start(const ServerStart&) noexcept {}
  /// A call begins: on a server before its middlewares, on a client before those of the channel.
  /// Metadata, context and attachments may be added to.
  virtual void on_begin(Call&) noexcept {}
  /// A call that began has ended, and so has its handler: once for each on_begin(). The status is
  /// the one that is sent to the client, if it is still there.
  virtual void on_end(Call&, const Status&, const CallStats&) noexcept {}
  /// Client: an attempt of a call begins and ends, inside of the policies that repeat calls. A call
  /// without such policies has one. `attempt` is the call itself or, under such a policy, a call of
  /// its own, which finds what was attached to the first. The figures are those of the attempt.
  virtual void on_attempt_begin(Call& attempt) noexcept { on_try_begin(attempt); }
  virtual void on_attempt_end(Call& attempt, const Status& status,
                              const CallStats& stats) noexcept {
    on_try_end(attempt, status, stats);
  }
  /// Older names of on_attempt_begin() and on_attempt_end().
  virtual void on_try_begin(Call& /*attempt*/) noexcept {}
  virtual void on_try_end(Call& /*attempt*/, const Status&, const CallStats&) noexcept {}
  /// Server: a call was refused before its handler.
  virtual void on_refusal(const RefusedCall& call) noexcept {
    on_refused(call.path, call.peer, call.status);
  }
  /// As on_refusal(), without the cause.
  virtual void on_refused(std::string_view /*path*/, const Peer&, const Status&) noexcept {}

  virtual void on_connection(const ConnectionEvent&) noexcept {}
  virtual void on_endpoint(const EndpointEvent&) noexcept {}
  virtual void on_resolver(const ResolverEvent&) noexcept {}
  /// Of the policies that have this observer in their options, where it must outlive them.
  virtual void on_policy(const PolicyEvent&) noexcept {}
};

/// The observer in a policy's options; null costs one comparison for each event.
using PolicyObserver = Observer;

/// Tells `observer` where there is one.
inline void tell(Observer* observer, const PolicyEvent& event) noexcept {
  if (observer != nullptr) observer->on_policy(event);
}

}  // namespace weft
