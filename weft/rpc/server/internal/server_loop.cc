#include "weft/rpc/server/internal/server_loop.h"

#include <algorithm>
#include <string>
#include <utility>

#include "weft/rpc/call/internal/observed_call.h"
#include "weft/rpc/server/internal/heap.h"

namespace weft::rpc {

[[gnu::cold]] ServerLoop::~ServerLoop() {
  while (ServerHandshake* handshake = handshakes_.pop_front()) delete handshake;
  while (OtherConnection* other = others_.pop_front()) delete other;
  while (ServerConnection* connection = connections_.pop_front()) delete connection;
}

[[gnu::cold]] void ServerLoop::adopt(std::unique_ptr<net::Stream> stream) {
  // It was accepted before the listeners closed, perhaps by another loop's thread.
  if (shared_.draining.load(std::memory_order_relaxed)) return connection_gone();
  if (!self_) self_ = shared_from_this();
  if (!joined_) join_siblings();
  // Here and not in the constructor, which another thread may call.
  if (!net::LoopEndHook::linked()) loop_.at_loop_end(*this);
  using What = ConnectionEvent::What;
  using By = ConnectionEvent::By;
  std::optional<PeerConnections::Slot> slot = admit(stream->peer_address());
  if (!slot) {
    stream.reset();
    connection_gone();
    return check_idle();
  }
  ++live_connections_;
  tell(What::Opened, By::Peer, stream->peer_address(), Status());
  if (!wants_tls(*stream)) return serve(std::move(stream), std::move(*slot));
  auto* handshake = new ServerHandshake(*this, *shared_.tls, std::move(stream), std::move(*slot));
  handshakes_.push_back(*handshake);
  handshake->start();
}

bool ServerLoop::wants_tls(const net::Stream& stream) const noexcept {
  if (!shared_.tls) return false;
  const net::Address::Family family = stream.local_address().family();
  return family == net::Address::Family::Ipv4 || family == net::Address::Family::Ipv6;
}

[[gnu::cold]] void ServerLoop::refuse_connection(const net::Address& peer,
                                                 const std::string& why) noexcept {
  log_refused("a connection was refused: " + why);
  tell(ConnectionEvent::What::Refused, ConnectionEvent::By::Local, peer, resource_exhausted(why));
}

void ServerLoop::tell(ConnectionEvent::What what, ConnectionEvent::By by,
                      const net::Address& address, const Status& status) const noexcept {
  tell({.what = what, .side = Call::Side::Server, .by = by, .address = address, .status = status});
}

/// Nothing where there is no room for another connection, or none for this client's.
[[gnu::cold]] std::optional<PeerConnections::Slot> ServerLoop::admit(const net::Address& peer) {
  if (shared_.memory.exhausted()) {
    refuse_connection(peer, "the server holds " + std::to_string(shared_.memory.held()) +
                                " bytes for its clients, its limit is " +
                                std::to_string(shared_.memory.limit()) +
                                " (ServerOptions::max_memory)");
    return std::nullopt;
  }
  const std::size_t limit = shared_.options.max_connections_per_peer;
  std::optional<PeerConnections::Slot> slot = shared_.peers.take(peer, limit);
  if (!slot) {
    refuse_connection(peer, peer.host() + " has its limit of " + std::to_string(limit) +
                                " (ServerOptions::max_connections_per_peer)");
  }
  return slot;
}

void ServerLoop::serve(std::unique_ptr<net::Stream> stream, PeerConnections::Slot slot) {
  if (shared_.other_protocols == nullptr) return serve_http2(std::move(stream), std::move(slot));
  shared_.other_protocols->take(*this, std::move(stream), std::move(slot));
}

void ServerLoop::serve_http2(std::unique_ptr<net::Stream> stream, PeerConnections::Slot slot,
                             std::string_view first) {
  auto* connection = new ServerConnection(*this, std::move(stream), std::move(slot));
  connections_.push_back(*connection);
  connection->start(first);
}

[[gnu::cold]] void ServerLoop::handshake_ended(
    ServerHandshake& handshake, Result<std::unique_ptr<net::Stream>> stream) noexcept {
  handshake.unlink();
  // Its task is on the stack below, so it goes in a later turn.
  loop_.post([self = shared_from_this(),
              owned = std::unique_ptr<ServerHandshake>(&handshake)]() mutable { owned.reset(); });
  if (stream.ok() && !shared_.draining.load(std::memory_order_relaxed)) {
    return serve(std::move(*stream), handshake.take_slot());
  }
  if (!stream.ok()) {
    log_refused("TLS handshake failed: " + std::string(stream.status().message()));
    tell(ConnectionEvent::What::Failed, by_of(stream.status()), handshake.address(),
         stream.status());
  }
  const Status why = stream.ok() ? unavailable("the server is stopping") : stream.status();
  tell(ConnectionEvent::What::Closed, by_of(why), handshake.address(), why);
  loop_.post([this] { connection_over(); });
}

void ServerLoop::other_became(OtherConnection& connection) noexcept {
  connection.unlink();
  loop_.post([owned = std::unique_ptr<OtherConnection>(&connection)]() mutable { owned.reset(); });
}

void ServerLoop::other_over(OtherConnection& connection, const Status& failed) noexcept {
  connection.unlink();
  using enum ConnectionEvent::What;
  if (!failed.ok()) tell(Failed, ConnectionEvent::By::Peer, connection.address(), failed);
  tell(Closed, ConnectionEvent::By::Local, connection.address(), failed);
  loop_.post(
      [self = shared_from_this(), owned = std::unique_ptr<OtherConnection>(&connection)]() mutable {
        owned.reset();
        self->connection_over();
      });
}

/// Those that have not said hello yet have no call to lose.
void ServerLoop::drop_handshakes() noexcept {
  while (ServerHandshake* handshake = handshakes_.pop_front()) {
    tell(ConnectionEvent::What::Closed, ConnectionEvent::By::Local, handshake->address(),
         unavailable("the server is stopping"));
    delete handshake;
    connection_gone();
    --live_connections_;
  }
}

/// The program has ended its own loop before the server was stopped: what is left of calls will not
/// run any more.
void ServerLoop::on_loop_end() noexcept {
  drop_handshakes();
  connections_.for_each([](ServerConnection& connection) {
    connection.write_and_close(cancelled("the loop has ended"));
  });
  const std::shared_ptr<ServerLoop> self = std::exchange(self_, nullptr);
  // It holds the server, which holds this.
  const UniqueFunction<void()> never = std::exchange(when_idle_, UniqueFunction<void()>());
  net::LoopEndHook::unlink();
}

void ServerLoop::connection_gone() noexcept {
  load_.fetch_sub(1, std::memory_order_relaxed);
  shared_.connections.fetch_sub(1, std::memory_order_relaxed);
}

void ServerLoop::connection_closed(ServerConnection& connection) noexcept {
  connection.ServerConnectionNode::unlink();
  // It is on the stack below, so it goes in a later turn; or with the loop, which may be stopped
  // before that.
  loop_.post([self = shared_from_this(),
              owned = std::unique_ptr<ServerConnection>(&connection)]() mutable {
    owned.reset();
    self->connection_over();
  });
}

void ServerLoop::connection_over() noexcept {
  connection_gone();
  --live_connections_;
  check_idle();
}

Duration ServerLoop::connection_age() noexcept {
  const Duration age = options().max_connection_age;
  return age == kForever ? kForever : scaled(age, 0.9 + 0.2 * loop_.rng().uniform());
}

std::size_t ServerShared::active_calls() noexcept {
  const std::lock_guard lock(mutex);
  std::size_t sum = 0;
  for (const Sibling& sibling : loops) {
    if (const std::shared_ptr<ServerLoop> loop = sibling.loop.lock()) sum += loop->live_calls();
  }
  return sum;
}

void ServerLoop::drain() noexcept {
  drop_handshakes();
  connections_.for_each([](ServerConnection& connection) {
    connection.drain(unavailable("the server is stopping"));
  });
  others_.for_each([this](OtherConnection& other) {
    if (!other.drain()) other_over(other);
  });
  check_idle();
}

void ServerLoop::cancel_all(const Status& reason) noexcept {
  calls_.for_each([&](ServerCall& call) { call.cancel(reason); });
  other_streams_.for_each([&](OtherStream& stream) { stream.cancel(reason); });
  others_.for_each([&](OtherConnection& other) { other.cancel(reason); });
  connections_.for_each(
      [&](ServerConnection& connection) { connection.abort(http2::ErrorCode::NoError, reason); });
}

void ServerLoop::call_began(ServerCall& call) noexcept {
  calls_.push_back(call);
  count_call();
}

[[gnu::cold]] void ServerLoop::other_stream_began(OtherStream& stream) noexcept {
  other_streams_.push_back(stream);
  count_call();
}

[[gnu::cold]] void ServerLoop::other_request_began() noexcept { count_call(); }

void ServerLoop::count_call() noexcept {
  live_calls_.store(live_calls() + 1, std::memory_order_relaxed);
  shared_.dispatcher.call_began();
}

void ServerLoop::call_ended() noexcept {
  live_calls_.store(live_calls() - 1, std::memory_order_relaxed);
  shared_.dispatcher.call_ended();
  if (idle()) check_idle();
}

[[gnu::cold]] Status ServerLoop::too_many_calls(const ConnectionMemory& memory) const {
  if (shared_.dispatcher.full()) return shared_.dispatcher.too_many_calls();
  return resource_exhausted(
      "the handlers of " + std::to_string(memory.calls()) +
      " calls of this connection are still running, cancelled ones included; at most " +
      std::to_string(most_handlers_) + " may (from ServerOptions::max_calls_per_connection, " +
      std::to_string(shared_.options.max_calls_per_connection) + ")");
}

void ServerLoop::on_memory_overfull() noexcept {
  if (std::exchange(shedding_, true)) return;
  // In a later turn, as connections are on the stack below. Those that hold most may be another
  // loop's.
  const std::lock_guard lock(shared_.mutex);
  for (const ServerShared::Sibling& sibling : shared_.loops) {
    sibling.anchor->post([loop = sibling.loop] {
      if (const std::shared_ptr<ServerLoop> self = loop.lock()) self->shed();
    });
  }
}

void ServerLoop::join_siblings() {
  joined_ = true;
  const std::lock_guard lock(shared_.mutex);
  shared_.loops.push_back({loop_.anchor(), weak_from_this()});
}

/// Calls `function(connection, memory)` for each that could be sent away.
template <class F>
void ServerLoop::for_each_that_holds(F function) {
  connections_.for_each([&](ServerConnection& connection) {
    if (connection.closed() || connection.session().broken()) return;
    function(connection, *connection.memory());
  });
  others_.for_each([&](OtherConnection& other) {
    if (const ConnectionMemory* const memory = other.memory()) function(other, *memory);
  });
}

/// Sends away those that hold most, as long as there is one that holds more than its share: in each
/// pass those that hold at least half of what the first holds, so that a few passes do. No more at
/// once than takes the loop a moment.
void ServerLoop::shed() noexcept {
  constexpr int kAtOnce = 64;
  shedding_ = false;
  memory_.publish_quietly();
  int shed = 0;
  while (shared_.memory.overfull()) {
    const std::size_t most = most_held();
    if (most <= shared_.memory.share()) return;
    for_each_that_holds([&](auto& connection, const ConnectionMemory& memory) {
      if (memory.held() < most / 2 || !memory.beyond_share()) return;
      if (!shared_.memory.overfull() || shed == kAtOnce) return;
      ++shed;
      connection.shed();
      memory_.publish_quietly();
    });
    if (shed == kAtOnce) return on_memory_overfull();
  }
}

/// By one connection that could be sent away.
std::size_t ServerLoop::most_held() noexcept {
  std::size_t most = 0;
  for_each_that_holds([&most](auto& /*connection*/, const ConnectionMemory& memory) {
    most = std::max(most, memory.held());
  });
  return most;
}

[[gnu::cold]] Status ServerLoop::holds_most(const ConnectionMemory& memory) const {
  return resource_exhausted("the server holds " + std::to_string(shared_.memory.held()) +
                            " bytes for its clients, its limit is " +
                            std::to_string(shared_.memory.limit()) +
                            "; this connection has the most, " + std::to_string(memory.held()) +
                            " (ServerOptions::max_memory)");
}

void ServerLoop::on_memory_freed() noexcept {
  if (loop_.is_simulated() || std::exchange(giving_back_, true)) return;
  // In a later turn: what is accounted as free may still be on the stack below.
  loop_.post([self = shared_from_this()] { self->give_back_memory(); });
}

void ServerLoop::give_back_memory() noexcept {
  giving_back_ = false;
  shared_.memory.forget_peak();
  give_back_free_memory(loop_);
}

void ServerLoop::when_idle(UniqueFunction<void()> function) {
  when_idle_ = std::move(function);
  check_idle();
}

void ServerLoop::check_idle() noexcept {
  if (!idle()) return;
  // Called out of ends of calls and connections: this must not go, nor the server be told, under
  // them.
  loop_.post([self = std::exchange(self_, nullptr),
              function = std::exchange(when_idle_, UniqueFunction<void()>())]() mutable {
    if (function) function();
  });
}

std::string ServerLoop::describe_calls() {
  std::string text;
  const auto add = [&text](std::string_view one) {
    text.append(text.empty() ? "" : ", ").append(one);
  };
  calls_.for_each([&](ServerCall& call) { add(call.path()); });
  other_streams_.for_each([&](OtherStream& stream) { add(stream.describe()); });
  others_.for_each([&](OtherConnection& other) { add(other.describe()); });
  return text;
}

}  // namespace weft::rpc
