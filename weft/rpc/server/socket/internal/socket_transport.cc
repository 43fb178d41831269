#include "weft/rpc/server/socket/internal/socket_transport.h"

#include <algorithm>

#include "weft/base/log.h"
#include "weft/rpc/server/internal/all_idle.h"
#include "weft/rpc/server/socket/internal/listen_address.h"

namespace weft::rpc {
namespace {

/// `address` with the port that the system chose for `bound`, where it is to choose one.
net::Address with_port_of(const net::Address& address, const net::Address& bound) {
  if (address.port() != 0 || bound.port() == 0) return address;
  const Result<net::Address> same = net::Address::ip(address.host(), bound.port());
  return same.ok() ? *same : address;
}

}  // namespace

Status SocketTransport::start(const std::shared_ptr<Dispatcher>&,
                              std::span<net::Loop* const> loops) {
  Status status = make_tls();
  if (!status.ok()) return status;
  loops_.clear();
  for (net::Loop* loop : loops) loops_.push_back(std::make_shared<ServerLoop>(*loop, shared_));
  status = listen_all();
  if (!status.ok()) loops_.clear();
  return status;
}

Status SocketTransport::make_tls() {
  if (!shared_->options.tls || shared_->tls) return {};
  TlsServerOptions options = *shared_->options.tls;
  if (shared_->other_protocols != nullptr) {
    options.other_protocols = true;
    for (std::string& name : shared_->other_protocols->alpn()) {
      options.alpn.push_back(std::move(name));
    }
  }
  Result<std::shared_ptr<net::TlsServerContext>> made =
      net::TlsServerContext::create(std::move(options));
  if (!made.ok()) return std::move(made).status().with_prefix("ServerOptions::tls");
  shared_->tls = std::move(*made);
  return {};
}

Status SocketTransport::listen_all() {
  for (const std::string& target : targets_) {
    Status status = listen(target);
    if (status.ok()) continue;
    forget();
    return status.with_prefix("cannot listen");
  }
  return {};
}

void SocketTransport::forget() noexcept {
  listeners_.clear();
  addresses_.clear();
}

Status SocketTransport::listen(const std::string& target) {
  net::Loop& loop = loops_.front()->loop();
  Result<std::vector<net::Address>> addresses = listen_addresses(target);
  if (!addresses.ok()) return std::move(addresses).status();
  // Every interface is one listener, IPv6's or, without IPv6, IPv4's. A name may have an address
  // that this machine does not, and is to be reached by all it does have.
  const bool first_will_do = target.starts_with(':');
  const std::size_t before = addresses_.size();
  Status failed;
  for (net::Address& address : *addresses) {
    if (addresses_.size() > before) address = with_port_of(address, addresses_.back());
    Result<std::unique_ptr<net::Listener>> listener = loop.listen(
        address, {},
        [this](std::unique_ptr<net::Accepted> accepted) { accept(std::move(accepted)); });
    if (!listener.ok()) {
      failed = std::move(listener).status();
      if (failed.code() == StatusCode::AlreadyExists) return failed;
      continue;
    }
    addresses_.push_back((*listener)->address());
    listeners_.push_back(std::move(*listener));
    if (first_will_do) break;
  }
  return addresses_.size() > before ? Status() : failed;
}

void SocketTransport::accept(std::unique_ptr<net::Accepted> accepted) {
  if (shared_->connections.load(std::memory_order_relaxed) >= shared_->options.max_connections) {
    const std::string why = "the server has its limit of " +
                            std::to_string(shared_->options.max_connections) +
                            " (ServerOptions::max_connections)";
    log(LogLevel::Warn, "a connection was refused: " + why);
    if (Observer* const observer = shared_->dispatcher.observer()) {
      observer->on_connection({.what = ConnectionEvent::What::Refused,
                               .side = Call::Side::Server,
                               .address = net::Address(),
                               .status = resource_exhausted(why)});
    }
    return;
  }
  // To the loop that has the fewest, so that a handful of connections is spread evenly too.
  const auto least =
      std::min_element(loops_.begin(), loops_.end(),
                       [](const auto& a, const auto& b) { return a->load() < b->load(); });
  std::shared_ptr<ServerLoop> target = *least;
  target->expect_connection();
  auto adopt = [target, accepted = std::move(accepted)] {
    if (std::unique_ptr<net::Stream> stream = accepted->bind_to(target->loop())) {
      target->adopt(std::move(stream));
    } else {
      target->connection_gone();
    }
  };
  if (net::Loop::current() == &target->loop()) {
    adopt();
  } else {
    target->loop().post(std::move(adopt));
  }
}

void SocketTransport::drain(UniqueFunction<void()> idle) noexcept {
  shared_->draining = true;
  // It keeps the server, and so this.
  const auto all = std::make_shared<AllIdle>(loops_.size(), std::move(idle));
  loops_.front()->loop().post([this, all] { listeners_.clear(); });
  for (const auto& loop : loops_) {
    loop->loop().post([loop, all] {
      loop->drain();
      loop->when_idle([all] { all->one_is(); });
    });
  }
}

void SocketTransport::cancel_all(const Status& reason) noexcept {
  for (const auto& loop : loops_) {
    loop->loop().post([loop, reason] { loop->cancel_all(reason); });
  }
}

std::string SocketTransport::describe_calls(const net::Loop& loop) {
  for (const auto& part : loops_) {
    if (&part->loop() == &loop) return part->describe_calls();
  }
  return {};
}

}  // namespace weft::rpc
