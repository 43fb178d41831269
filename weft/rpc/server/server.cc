#include "weft/rpc/server/server.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "weft/base/fatal.h"
#include "weft/base/log.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/rpc/server/internal/heap.h"
#include "weft/rpc/server/internal/listen_address.h"
#include "weft/rpc/server/internal/option_rules.h"
#include "weft/rpc/server/internal/server_impl.h"
#include "weft/rpc/services/reflection.h"

namespace weft {
namespace {

// Of Server::stop(), for one that came before the server was told that it runs.
constexpr Duration kDefaultGrace = std::chrono::seconds(10);

/// Runs `function` on the loop's thread and waits for it.
template <class F>
void run_on(net::Loop& loop, F function) {
  if (net::Loop::current() == &loop) return function();
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  loop.post([&] {
    function();
    // Under the lock: the waiter's frame is gone as soon as it sees `done`.
    const std::lock_guard lock(mutex);
    done = true;
    changed.notify_one();
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return done; });
}

/// `address` with the port that the system chose for `bound`, where it is to choose one.
net::Address with_port_of(const net::Address& address, const net::Address& bound) {
  if (address.port() != 0 || bound.port() == 0) return address;
  const Result<net::Address> same = net::Address::ip(address.host(), bound.port());
  return same.ok() ? *same : address;
}

}  // namespace

void Server::Impl::refuse_late(std::string_view function, std::string_view what) {
  const std::lock_guard lock(mutex_);
  if (state_ == State::New) return;
  fatal("Server::" + std::string(function) + " was called with " + std::string(what) +
        " after start(), or after a stop: it would never be used; call it before");
}

Status Server::Impl::start() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::New) return failed_precondition("the server was started before");
  }
  Status status = rpc::validate(shared_->options);
  if (status.ok()) status = route();
  if (!status.ok()) return status;
  rpc::keep_large_blocks();
  if (targets_.empty()) return invalid_argument("the server has no address to listen on");
  status = make_tls();
  if (!status.ok()) return status;
  status = bind();
  if (!status.ok()) {
    end_threads();
    loops_.clear();
  }
  return status;
}

/// After a failure everything is as before, so that it can be tried again.
Status Server::Impl::bind() {
  Status status;
  try {
    make_loops();
  } catch (const std::exception& error) {
    // Asio and the standard library throw where the system gives no descriptor or no thread.
    return resource_exhausted(
        std::string("cannot start a thread with an event loop: ").append(error.what()));
  }
  // On the first loop's thread; that of a program's own loop is the one that calls start().
  if (own_threads()) {
    run_on(loops_.front()->loop(), [&] { status = listen_and_announce(); });
  } else {
    status = listen_and_announce();
  }
  if (!status.ok()) return status;
  bool stopped = false;
  {
    const std::lock_guard lock(mutex_);
    // It listens, so a handler may have stopped it already.
    stopped = state_ == State::Stopped;
    state_ = State::Running;
    loops_running_ = loops_.size();
  }
  if (announcement_) {
    loops_.front()->loop().post([announcement = announcement_] { announcement->start(); });
  }
  if (stopped) {
    loops_.front()->loop().post([self = shared_from_this()] {
      self->drain();
      self->finish_stop(kDefaultGrace);
    });
  }
  return {};
}

Status Server::Impl::listen_and_announce() {
  Status status = listen_all();
  const ServerOptions& options = shared_->options;
  if (!status.ok() || (options.announce.empty() && options.announce_options.also.empty())) {
    return status;
  }
  auto announcement = rpc::Announcement::make(loops_.front()->loop(), options.announce,
                                              options.announce_options, addresses_);
  if (announcement.ok()) {
    announcement_ = std::move(*announcement);
    return {};
  }
  listeners_.clear();
  addresses_.clear();
  return std::move(announcement).status();
}

Status Server::Impl::route() {
  // Anew for each attempt to start: there may be more services since.
  rpc::Router& router = shared_->router = rpc::Router();
  std::vector<const ServiceDescriptor*> described;
  for (const auto& service : services_) {
    Status status = router.add(service);
    if (!status.ok()) return status;
    described.push_back(&service->descriptor());
    if (health_->get(service->descriptor().name) == ServingStatus::ServiceUnknown) {
      health_->set(service->descriptor().name, ServingStatus::Serving);
    }
  }
  const auto offer = [&](const std::shared_ptr<ServiceDefinition>& service) {
    // A service of the program's own under that name has precedence.
    if (router.add(service).ok()) described.push_back(&service->descriptor());
  };
  if (shared_->options.health) offer(make_health_service(health_));
  if (shared_->options.reflection) {
    for (const auto& service : make_reflection_services(described)) offer(service);
  }
  return {};
}

Status Server::Impl::make_tls() {
  if (!shared_->options.tls || shared_->tls) return {};
  Result<std::shared_ptr<net::TlsServerContext>> made =
      net::TlsServerContext::create(*shared_->options.tls);
  if (!made.ok()) return std::move(made).status().with_prefix("ServerOptions::tls");
  shared_->tls = std::move(*made);
  return {};
}

void Server::Impl::make_loops() {
  std::vector<net::Loop*> loops = shared_->options.loops;
  if (own_threads()) {
    std::size_t count = shared_->options.threads;
    if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
    const net::LoopOptions options{.handler_bound = shared_->options.handler_bound,
                                   .poll_spin = shared_->options.poll_spin};
    for (std::size_t i = 0; i < count; ++i) {
      threads_.push_back(std::make_unique<net::LoopThread>("weft-loop", options));
      loops.push_back(&threads_.back()->loop());
    }
  }
  for (net::Loop* loop : loops) {
    if (!loop->is_simulated()) loop->report_holds();
    loops_.push_back(std::make_shared<rpc::ServerLoop>(*loop, shared_));
  }
}

Status Server::Impl::listen_all() {
  for (const std::string& target : targets_) {
    Status status = listen(target);
    if (status.ok()) continue;
    listeners_.clear();
    addresses_.clear();
    return status.with_prefix("cannot listen");
  }
  return {};
}

Status Server::Impl::listen(const std::string& target) {
  net::Loop& loop = loops_.front()->loop();
  Result<std::vector<net::Address>> addresses = rpc::listen_addresses(target);
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

void Server::Impl::accept(std::unique_ptr<net::Accepted> accepted) {
  if (shared_->connections.load(std::memory_order_relaxed) >= shared_->options.max_connections) {
    log(LogLevel::Warn, "a connection was refused: the server has its limit of " +
                            std::to_string(shared_->options.max_connections) +
                            " (ServerOptions::max_connections)");
    return;
  }
  // To the loop that has the fewest, so that a handful of connections is spread evenly too.
  const auto least =
      std::min_element(loops_.begin(), loops_.end(),
                       [](const auto& a, const auto& b) { return a->load() < b->load(); });
  std::shared_ptr<rpc::ServerLoop> target = *least;
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

void rpc::log_not_overridden(const ServiceDescriptor& service, std::span<const bool> overridden) {
  std::string names;
  for (std::size_t i = 0; i < overridden.size(); ++i) {
    if (overridden[i]) continue;
    names.append(names.empty() ? "" : ", ").append(service.methods[i].name);
  }
  if (names.empty()) return;
  log(LogLevel::Info,
      "service " + std::string(service.name) + ": not overridden, so UNIMPLEMENTED: " + names);
}

Server::Server(ServerOptions options) : impl_(std::make_shared<Impl>(std::move(options))) {}

Server::~Server() {
  if (impl_->shared().options.loops.empty()) {
    stop(Duration::zero());
  } else {
    impl_->drain();
    impl_->cancel_all();
  }
}

void Server::use(Middleware middleware) { impl_->use(std::move(middleware)); }
void Server::add(std::shared_ptr<ServiceDefinition> service) { impl_->add(std::move(service)); }
void Server::listen(std::string address) { impl_->add_target(std::move(address)); }
Status Server::start() { return impl_->start(); }
Status Server::reload_tls() { return impl_->reload_tls(); }

const std::vector<net::Address>& Server::addresses() const noexcept { return impl_->addresses(); }

std::uint16_t Server::port() const noexcept {
  for (const net::Address& address : impl_->addresses()) {
    if (address.port() != 0) return address.port();
  }
  return 0;
}

void Server::stop(Duration grace) { impl_->stop(grace); }
Task<> Server::shutdown(Duration grace) { return Impl::shutdown(impl_, grace); }

void Server::when_stopped(UniqueFunction<void()> function) {
  impl_->when_stopped(std::move(function));
}

void Server::wait() { impl_->wait_stopped(kForever); }

void Server::set_serving(std::string_view service, bool serving) {
  impl_->health().set(service, serving ? ServingStatus::Serving : ServingStatus::NotServing);
}

std::size_t Server::active_calls() const noexcept { return impl_->shared().active_calls(); }
std::size_t Server::active_connections() const noexcept {
  return impl_->shared().connections.load(std::memory_order_relaxed);
}

std::uint64_t Server::refused_calls() const noexcept {
  return impl_->shared().refused.load(std::memory_order_relaxed);
}

}  // namespace weft
