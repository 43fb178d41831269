#include "weft/net/sim/internal/sim_connection.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "weft/base/fatal.h"
#include "weft/net/socket/internal/socket_error.h"

namespace weft::net::internal {
namespace {

IoResult done(std::size_t size) {
  return {.kind = IoResult::Kind::Done, .size = size, .error = {}};
}

class AcceptedSim final : public Accepted {
 public:
  explicit AcceptedSim(std::shared_ptr<SimConnection> connection)
      : connection_(std::move(connection)) {}
  ~AcceptedSim() override {
    if (connection_ != nullptr) connection_->close(SimConnection::End::Server);
  }
  std::unique_ptr<Stream> bind_to(Loop& loop) override {
    auto* sim_loop = dynamic_cast<SimLoop*>(&loop);
    if (sim_loop == nullptr) {
      fatal("Accepted::bind_to: a simulated connection was given to a real loop");
    }
    connection_->bind(SimConnection::End::Server, *sim_loop);
    return std::make_unique<SimStream>(std::move(connection_), SimConnection::End::Server);
  }

 private:
  std::shared_ptr<SimConnection> connection_;
};

}  // namespace

std::shared_ptr<SimConnection> SimConnection::make(SimNetwork& network, SimLoop& client,
                                                   const Address& local, SimLoop& server,
                                                   const Address& peer) {
  auto connection = std::make_shared<SimConnection>(network, client, local, server, peer);
  network.connections_.emplace(connection->id_, connection);
  return connection;
}

SimConnection::SimConnection(SimNetwork& network, SimLoop& client, Address local, SimLoop& server,
                             Address peer)
    : network_(network), id_(network.next_connection_++) {
  side(End::Client).host = &client;
  side(End::Client).address = std::move(local);
  side(End::Server).host = &server;
  side(End::Server).address = std::move(peer);
}

SimConnection::~SimConnection() { network_.connections_.erase(id_); }

bool SimConnection::between(std::string_view a, std::string_view b) const noexcept {
  const std::string& client = side(End::Client).host->name();
  const std::string& server = side(End::Server).host->name();
  return (client == a && server == b) || (client == b && server == a);
}

bool SimConnection::touches(std::string_view host) const noexcept {
  return side(End::Client).host->name() == host || side(End::Server).host->name() == host;
}

void SimConnection::start(Wait& wait) {
  connecting_ = &wait;
  send(End::Client, What::Syn);
}

void SimConnection::give_up_connecting() noexcept {
  connecting_ = nullptr;
  close(End::Client);
}

SimLink SimConnection::link() const {
  return network_.link(side(End::Client).host->name(), side(End::Server).host->name());
}

bool SimConnection::readable(const Side& self) const noexcept {
  return self.consumed < self.incoming.size() || self.finished || self.error != 0;
}

bool SimConnection::writable(const Side& self) const noexcept {
  return self.unacknowledged < link().window || self.error != 0;
}

IoResult SimConnection::read(End end, std::span<char> into) {
  Side& self = side(end);
  if (self.closed) self.error = EBADF;
  if (self.error != 0) {
    return {.kind = IoResult::Kind::Failed,
            .size = 0,
            .error = connection_error(peer_address(end), self.error)};
  }
  const std::size_t size = std::min(into.size(), self.incoming.size() - self.consumed);
  if (size == 0) {
    if (into.empty() || !self.finished) return {};
    return {.kind = IoResult::Kind::End, .size = 0, .error = {}};
  }
  std::memcpy(into.data(), self.incoming.data() + self.consumed, size);
  self.consumed += size;
  if (self.consumed * 2 >= self.incoming.size()) {
    self.incoming.erase(0, self.consumed);
    self.consumed = 0;
  }
  send(end, What::Ack, {}, size);
  return done(size);
}

IoResult SimConnection::write(End end, std::span<const iovec> slices) {
  Side& self = side(end);
  int error = self.error;
  if (self.closed) error = EBADF;
  if (error == 0 && self.fin_sent) error = EPIPE;
  if (error != 0) {
    return {.kind = IoResult::Kind::Failed,
            .size = 0,
            .error = connection_error(peer_address(end), error)};
  }
  const SimLink used = link();
  std::size_t room = used.window - std::min(used.window, self.unacknowledged);
  std::string data;
  for (const iovec& slice : slices) {
    const std::size_t size = std::min(slice.iov_len, room);
    data.append(static_cast<const char*>(slice.iov_base), size);
    room -= size;
  }
  if (data.empty()) return {};
  self.unacknowledged += data.size();
  for (std::size_t at = 0; at < data.size();) {
    const std::size_t longest = std::min(std::max<std::size_t>(used.segment, 1), data.size() - at);
    const std::size_t size = 1 + network_.rng_.below(longest);
    send(end, What::Data, data.substr(at, size));
    at += size;
  }
  return done(data.size());
}

void SimConnection::want_read(End end) {
  side(end).wants_read = true;
  notify_if_due(end);
}

void SimConnection::want_write(End end) {
  side(end).wants_write = true;
  notify_if_due(end);
}

void SimConnection::shutdown_write(End end) {
  Side& self = side(end);
  if (self.closed || self.error != 0 || std::exchange(self.fin_sent, true)) return;
  send(end, What::Fin);
}

void SimConnection::end_side(End end, bool reset) {
  Side& self = side(end);
  if (self.closed) return;
  // As TCP does: closing with unread bytes tells the peer that they were lost.
  const bool unread = self.consumed < self.incoming.size();
  if ((unread || reset) && self.error == 0) {
    send(end, What::Reset);
  } else {
    shutdown_write(end);
  }
  self.closed = true;
  self.handler = nullptr;
  self.incoming.clear();
  self.consumed = 0;
}

void SimConnection::break_both() {
  for (const End end : {End::Client, End::Server}) {
    side(end).on_the_way.clear();
    fail(side(end), ECONNRESET);
    notify_if_due(end);
  }
  if (connecting_ != nullptr) finish_connecting(ECONNRESET);
}

void SimConnection::heal() {
  const Duration latency = link().latency;
  for (const End end : {End::Client, End::Server}) {
    if (side(opposite(end)).on_the_way.empty()) continue;
    network_.schedule(*side(end).host, after(network_.now_, latency), SimNetwork::Kind::Segment,
                      [self = shared_from_this(), end] { self->arrive(end); });
  }
}

void SimConnection::send(End from, What what, std::string data, std::size_t acknowledged) {
  Side& self = side(from);
  const SimLink used = link();
  const bool has_data = what == What::Data;
  if (has_data && used.reset > 0 && network_.rng_.uniform() < used.reset) return break_both();
  if (has_data && self.error != 0) return;
  const TimePoint arrival = arrival_of(self, used, data.size(), has_data);
  self.on_the_way.push_back(
      {.what = what, .data = std::move(data), .acknowledged = acknowledged, .arrival = arrival});
  const End to = opposite(from);
  network_.schedule(*side(to).host, arrival, SimNetwork::Kind::Segment,
                    [keep = shared_from_this(), to] { keep->arrive(to); });
}

TimePoint SimConnection::arrival_of(Side& from, const SimLink& link, std::size_t size, bool data) {
  from.line_free = std::max(from.line_free, from.host->now());
  if (link.bandwidth != 0) {
    from.line_free += Duration(static_cast<std::int64_t>(static_cast<double>(size) * 1e9 /
                                                         static_cast<double>(link.bandwidth)));
  }
  TimePoint arrival = from.line_free + link.latency;
  if (link.jitter.count() > 0) {
    const auto bound = static_cast<std::uint64_t>(link.jitter.count());
    arrival += Duration(static_cast<std::int64_t>(network_.rng_.below(bound)));
  }
  if (data && link.loss > 0 && network_.rng_.uniform() < link.loss) arrival += link.retransmit;
  return arrival;
}

void SimConnection::arrive(End at) {
  Side& from = side(opposite(at));
  if (network_.partitioned(side(at).host->name(), from.host->name())) return;
  // Whatever has overtaken the first one waits behind it.
  while (!from.on_the_way.empty() && from.on_the_way.front().arrival <= network_.now_) {
    Segment segment = std::move(from.on_the_way.front());
    from.on_the_way.pop_front();
    take(at, segment);
  }
  // As a kernel does: it takes in what arrives while the thread computes, and tells it later.
  if (side(at).host->free_at_ > network_.now_) return notify_if_due(at);
  deliver(at);
}

void SimConnection::take(End at, Segment& segment) {
  Side& self = side(at);
  switch (segment.what) {
    case What::Syn:
      return take_syn();
    case What::Accept:
      if (self.closed) return send(at, What::Reset);
      return finish_connecting(0);
    case What::Refuse:
      fail(self, ECONNREFUSED);
      return finish_connecting(ECONNREFUSED);
    case What::Data:
      return take_data(at, segment);
    case What::Ack:
      self.unacknowledged -= segment.acknowledged;
      return;
    case What::Fin:
      self.finished = true;
      return;
    case What::Reset:
      side(opposite(at)).on_the_way.clear();
      self.on_the_way.clear();
      return fail(self, ECONNRESET);
  }
}

void SimConnection::take_syn() {
  Side& server = side(End::Server);
  const auto found = server.host->listeners_.find(server.address.port());
  if (server.host->down_ || found == server.host->listeners_.end()) {
    server.closed = true;
    return send(End::Server, What::Refuse);
  }
  send(End::Server, What::Accept);
  found->second->accept(shared_from_this());
}

void SimConnection::take_data(End at, Segment& segment) {
  Side& self = side(at);
  if (self.error != 0) return;
  if (self.closed) {
    fail(self, ECONNRESET);
    return send(at, What::Reset);
  }
  self.incoming += segment.data;
}

void SimConnection::finish_connecting(int error) {
  connect_error_ = error;
  if (Wait* wait = std::exchange(connecting_, nullptr)) wait->complete();
}

void SimConnection::fail(Side& self, int error) noexcept {
  if (self.error == 0) self.error = error;
  self.incoming.clear();
  self.consumed = 0;
}

void SimConnection::notify_if_due(End end) {
  Side& self = side(end);
  const bool due = (self.wants_read && readable(self)) || (self.wants_write && writable(self));
  if (!due || self.notified || self.closed) return;
  self.notified = true;
  network_.schedule(*self.host, network_.now_, SimNetwork::Kind::Notice,
                    [keep = shared_from_this(), end] { keep->deliver(end); });
}

void SimConnection::deliver(End end) {
  Side& self = side(end);
  self.notified = false;
  const bool read = self.wants_read && readable(self);
  const bool write = self.wants_write && writable(self);
  if (read) self.wants_read = false;
  if (write) self.wants_write = false;
  // Each call may close this end, which clears the handler.
  if (read && self.handler != nullptr) self.handler->on_readable();
  if (write && self.handler != nullptr) self.handler->on_writable();
}

SimListener::SimListener(SimLoop& loop, Address address, AcceptHandler handler)
    : loop_(loop),
      address_(std::move(address)),
      handler_(std::make_shared<AcceptHandler>(std::move(handler))) {
  loop_.listeners_.emplace(address_.port(), this);
}

void SimListener::close() noexcept {
  const auto found = loop_.listeners_.find(address_.port());
  if (found != loop_.listeners_.end() && found->second == this) loop_.listeners_.erase(found);
}

void SimListener::accept(std::shared_ptr<SimConnection> connection) {
  const std::shared_ptr<AcceptHandler> handler = handler_;
  (*handler)(std::make_unique<AcceptedSim>(std::move(connection)));
}

}  // namespace weft::net::internal
