#include "weft/net/sim/sim_loop.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "weft/net/loop/wait.h"
#include "weft/net/sim/internal/sim_connection.h"
#include "weft/net/socket/internal/socket_error.h"

namespace weft::net {
namespace {

// How long Linux tries to connect before ETIMEDOUT is about two minutes; half of it keeps traces
// short.
constexpr Duration kConnectTimeout = std::chrono::minutes(1);

using internal::SimConnection;

/// A connection that is being made; given up when the coroutine ends before it is.
class Connecting {
 public:
  Connecting(std::shared_ptr<SimConnection> connection, Wait& wait)
      : connection_(std::move(connection)) {
    connection_->start(wait);
  }
  Connecting(const Connecting&) = delete;
  Connecting& operator=(const Connecting&) = delete;
  ~Connecting() {
    if (connection_ != nullptr) connection_->give_up_connecting();
  }
  std::shared_ptr<SimConnection> take() { return std::move(connection_); }

 private:
  std::shared_ptr<SimConnection> connection_;
};

Task<Result<std::unique_ptr<Stream>>> connect_simulated(Loop& loop,
                                                        std::shared_ptr<SimConnection> connection) {
  const Address peer = connection->peer_address(SimConnection::End::Client);
  // Declared in this order: giving up comes before the wait is gone.
  Wait wait(loop, after(loop.now(), kConnectTimeout));
  Connecting connecting(connection, wait);
  const Status status = co_await wait;
  if (!status.ok()) co_return status.with_prefix("connecting to " + peer.to_string());
  const bool answered = !connection->is_connecting();
  const int error = answered ? connection->connect_error() : ETIMEDOUT;
  if (error != 0) co_return internal::connection_error(peer, error);
  co_return std::unique_ptr<Stream>(
      std::make_unique<internal::SimStream>(connecting.take(), SimConnection::End::Client));
}

Address with_port(const Address& address, std::uint16_t port) {
  if (address.port() != 0 || address.family() == Address::Family::Unix) return address;
  if (address.family() == Address::Family::Memory) return Address::memory(address.host(), port);
  Result<Address> changed = Address::ip(address.host(), port);
  return changed ? *std::move(changed) : address;
}

bool means_this_host(const Address& address) {
  const std::string& host = address.host();
  return host.empty() || host == "0.0.0.0" || host == "::" || host == "::1" ||
         host == "localhost" || host.starts_with("127.");
}

}  // namespace

SimLoop::SimLoop(SimNetwork& network, std::string name, std::uint64_t seed)
    : Loop(seed), network_(network), name_(std::move(name)) {}

SimLoop::~SimLoop() { end(); }

TimePoint SimLoop::now() const noexcept { return std::max(network_.now(), free_at_); }

void SimLoop::post(Runnable& item) noexcept {
  const std::lock_guard lock(network_.posted_mutex_);
  network_.posted_.emplace_back(this, &item);
}

void SimLoop::run() {
  while (!stopped_ && network_.step()) {
  }
  stopped_ = false;
}

void SimLoop::request_turn() noexcept {
  network_.schedule(*this, now(), SimNetwork::Kind::Turn, [] {});
}

void SimLoop::rearm(TimePoint when) noexcept {
  if (wake_.second != 0) network_.events_.erase(wake_);
  wake_ = network_.schedule(*this, std::max(when, now()), SimNetwork::Kind::Wake, [this] {
    wake_ = {};
    expire_timers(now());
  });
}

Address SimLoop::meant_by(const Address& address) const {
  return means_this_host(address) ? Address::memory(name_, address.port())
                                  : Address::memory(address.host(), address.port());
}

std::uint16_t SimLoop::free_port() noexcept {
  do {
    if (++last_port_ < 40000) last_port_ = 40000;
  } while (listeners_.contains(last_port_));
  return last_port_;
}

Result<std::unique_ptr<Listener>> SimLoop::listen(const Address& address, const ListenOptions&,
                                                  AcceptHandler handler) {
  const Address meant = meant_by(address);
  if (meant.host() != name_) return internal::listen_error(address, EADDRNOTAVAIL);
  const std::uint16_t port = meant.port() != 0 ? meant.port() : free_port();
  if (listeners_.contains(port)) return internal::listen_error(meant, EADDRINUSE);
  return std::unique_ptr<Listener>(std::make_unique<internal::SimListener>(
      *this, Address::memory(name_, port), std::move(handler)));
}

Task<Result<std::unique_ptr<Stream>>> SimLoop::connect(Address address) {
  const Address peer = meant_by(address);
  SimLoop* server = network_.find(peer.host());
  if (server == nullptr) return internal::connection_error(address, EHOSTUNREACH);
  return connect_simulated(
      *this,
      SimConnection::make(network_, *this, Address::memory(name_, free_port()), *server, peer));
}

Task<Result<DnsAnswer>> SimLoop::look_up(DnsQuestion question) {
  question.name = meant_by(Address::memory(question.name)).host();
  const std::string name = question.name;
  const Status status = co_await sleep(network_.link_.latency);
  Result<DnsAnswer> answer = status.ok() ? network_.answer(question) : status;
  if (answer) co_return answer;
  co_return answer.status().with_prefix("name '" + name + "' cannot be resolved");
}

void SimNetwork::set_answer(std::string name, Result<DnsAnswer> answer) {
  answers_.insert_or_assign(std::move(name), std::move(answer));
}

Result<DnsAnswer> SimNetwork::answer(const DnsQuestion& question) {
  ++questions_;
  const bool services = question.kind == DnsQuestion::Kind::Services;
  DnsAnswer answer;
  if (const auto scripted = answers_.find(question.name); scripted != answers_.end()) {
    if (!scripted->second) return scripted->second.status();
    answer = *scripted->second;
  } else if (!services && find(question.name) != nullptr) {
    answer.addresses.push_back(Address::memory(question.name));
  } else {
    return unavailable("no host of the simulated network has that name");
  }
  if (services ? answer.services.empty() : answer.addresses.empty()) {
    return unavailable("it has no records of the kind that was asked for");
  }
  for (Address& address : answer.addresses) address = with_port(address, question.port);
  return answer;
}

}  // namespace weft::net
