#include "weft/rpc/client/internal/subchannel.h"

#include <algorithm>
#include <utility>

#include "weft/net/loop/wait.h"
#include "weft/rpc/call/internal/observed_call.h"
#include "weft/rpc/client/internal/connector.h"
#include "weft/rpc/client/internal/health_watch.h"
#include "weft/rpc/client/internal/loop_channel.h"

namespace weft::rpc {
Subchannel::Subchannel(net::Loop& loop, LoopChannel& owner, cluster::Endpoint endpoint,
                       ConnectSettings& settings)
    : Member(std::move(endpoint)),
      loop_(loop),
      owner_(owner),
      settings_(settings),
      backoff_(loop.rng(), settings.options.initial_backoff, settings.options.max_backoff) {}

Subchannel::~Subchannel() = default;

ClientConnection* Subchannel::connection() noexcept {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    if (next_ >= connections_.size()) next_ = 0;
    ClientConnection* connection = connections_[next_++].get();
    if (connection->usable()) return connection;
  }
  return nullptr;
}

bool Subchannel::serving() noexcept {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& connection) { return connection->serving(); });
}

bool Subchannel::has_room() noexcept {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& connection) { return connection->usable(); });
}

void Subchannel::drop_coroutines() noexcept {
  watch_.reset();
  connecting_task_ = Task<>();
}

bool Subchannel::connected_to(const std::vector<net::Address>& addresses) noexcept {
  return std::any_of(connections_.begin(), connections_.end(), [&](const auto& connection) {
    return connection->serving() && std::find(addresses.begin(), addresses.end(),
                                              connection->peer()->address) != addresses.end();
  });
}

void Subchannel::connect() {
  if (connecting_ || closed_) return;
  if (serving() && connections_.size() >= settings_.options.max_connections) return;
  connecting_ = true;
  connecting_task_ = keep_connecting();
  connecting_task_.start(&context_, {[](void*) noexcept {}, nullptr});
}

void Subchannel::reconnect() {
  if (!connecting_ && served_since_ != TimePoint{}) {
    retry_at_ = std::max(retry_at_, after(served_since_, settings_.options.initial_backoff));
  }
  connect();
}

Task<> Subchannel::keep_connecting() {
  const Active active(owner_);
  while (!closed_) {
    if (const TimePoint due = std::max(retry_at_, not_before_); loop_.now() < due) {
      net::Wait pause(loop_, due);
      static_cast<void>(co_await pause);
      continue;
    }
    const TimePoint begun = loop_.now();
    Status status = co_await connect_once();
    if (closed_) break;
    last_error_ = status;
    if (status.ok()) {
      if (!lost_in_vain_) backoff_.reset();
      retry_at_ = {};
      served_since_ = loop_.now();
      in_service_ = true;
      break;
    }
    if (settings_.observer != nullptr) tell_failed(status);
    retry_at_ = after(begun, backoff_.next());
    just_failed_ = true;
    const bool again = owner_.on_connect_failed(*this);
    just_failed_ = false;
    if (!again) break;
  }
  connecting_ = false;
  if (!closed_) serving_changed();
}

void Subchannel::serving_changed() {
  if (watch_ != nullptr && serving()) {
    watch_->start();
  } else if (watch_ != nullptr) {
    health_ = Health::Asked;
  }
  owner_.on_serving_changed(*this);
}

void Subchannel::check_health(const std::optional<std::string>& service) {
  watch_.reset();
  health_ = service ? Health::Asked : Health::Assumed;
  if (!service) return;
  watch_ = std::make_unique<HealthWatch>(loop_, *this, settings_, *service);
  if (serving()) watch_->start();
}

void Subchannel::on_health(bool healthy) noexcept {
  const Health now = healthy ? Health::Good : Health::Bad;
  if (closed_ || std::exchange(health_, now) == now) return;
  owner_.on_health_changed(*this);
}

/// A connection is of use when it lives for initial_backoff or a call is answered on it. The first
/// in a row that is of no use is replaced at once, since its server may just have been about to
/// end. From the second on the next attempt waits for the back-off: calls of which nothing has left
/// are sent again however often, and would connect at network speed.
void Subchannel::note_lost(ClientConnection& connection) {
  if (!std::exchange(in_service_, false)) return;
  const bool lived = after(served_since_, settings_.options.initial_backoff) <= loop_.now();
  if (lived || connection.of_use()) {
    if (std::exchange(lost_in_vain_, false)) backoff_.reset();
  } else if (std::exchange(lost_in_vain_, true)) {
    not_before_ = after(served_since_, backoff_.next());
    last_error_ = connection.why_lost();
  }
}

Task<Status> Subchannel::connect_once() {
  Result<NewConnection> made =
      co_await connect_to_any(loop_, *this, settings_, endpoint().addresses);
  if (!made.ok()) co_return std::move(made).status();
  // It may have been lost in the turn in which it was ready.
  if (!made->get()->serving()) co_return made->get()->why_lost();
  connections_.push_back(made->take());
  tell(ConnectionEvent::What::Opened, *connections_.back(), ConnectionEvent::By::Local, Status());
  co_return Status();
}

void Subchannel::on_connection_closed(ClientConnection& connection) noexcept {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& owned) { return owned.get() == &connection; });
  if (found == connections_.end()) return;
  tell(ConnectionEvent::What::Closed, connection, connection.closed_by(),
       connection.close_reason());
  // It is on the stack below, so it goes in a later turn.
  loop_.post([owned = std::move(*found)]() mutable { owned.reset(); });
  connections_.erase(found);
  if (closed_) return;
  if (!serving()) note_lost(connection);
  serving_changed();
}

void Subchannel::on_capacity() noexcept { owner_.announce_room(); }

void Subchannel::on_leaving(ClientConnection& connection) noexcept {
  if (closed_ || serving()) return;
  note_lost(connection);
  serving_changed();
}

void Subchannel::on_goaway(ClientConnection& connection) noexcept {
  if (settings_.observer == nullptr) return;
  tell(ConnectionEvent::What::Leaving, connection, ConnectionEvent::By::Peer,
       connection.why_lost());
}

/// To the channel's observer, where there is one.
void Subchannel::tell(ConnectionEvent::What what, ClientConnection& connection,
                      ConnectionEvent::By by, const Status& status) const noexcept {
  if (settings_.observer == nullptr) return;
  settings_.observer->on_connection({.what = what,
                                     .side = Call::Side::Client,
                                     .by = by,
                                     .address = connection.peer()->address,
                                     .tls = connection.peer()->tls.get(),
                                     .status = status});
}

void Subchannel::tell_failed(const Status& status) const noexcept {
  settings_.observer->on_connection({.what = ConnectionEvent::What::Failed,
                                     .side = Call::Side::Client,
                                     .by = by_of(status),
                                     .address = endpoint().addresses.front(),
                                     .status = status});
}

/// gRFC A8: a client that is told so doubles the time between its pings.
void Subchannel::on_too_many_pings() noexcept {
  Duration& time = settings_.options.keepalive_time;
  if (time < kForever / 2) time *= 2;
}

void Subchannel::close(const Status& why) noexcept {
  if (closed_) return;
  closed_ = true;
  context_.cancel(why);
  auto connections = std::exchange(connections_, {});
  for (const auto& connection : connections) {
    connection->write_and_close(why);
    tell(ConnectionEvent::What::Closed, *connection, connection->closed_by(), why);
  }
  // The calls on them end in this turn and refer to them until then.
  loop_.post([owned = std::move(connections)]() mutable { owned.clear(); });
}

}  // namespace weft::rpc
