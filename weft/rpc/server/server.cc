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
#include "weft/rpc/call/internal/observed_call.h"
#include "weft/rpc/inproc/internal/inproc_transport.h"
#include "weft/rpc/server/internal/heap.h"
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

}  // namespace

Server::Impl::Impl(ServerOptions options) : shared_(std::make_shared<rpc::ServerShared>()) {
  auto sockets = std::make_unique<rpc::SocketTransport>(shared_);
  sockets_ = sockets.get();
  transports_.push_back({std::move(sockets)});
  shared_->options = std::move(options);
  if (!shared_->options.listen.empty()) listen(shared_->options.listen);
}

void Server::Impl::use(Middleware middleware) {
  refuse_late("use", "a middleware");
  shared_->dispatcher.middlewares_.add(std::move(middleware));
}

void Server::Impl::add(std::shared_ptr<ServiceDefinition> service) {
  refuse_late("add", service->descriptor().name);
  services_.push_back(std::move(service));
}

void Server::Impl::add(std::shared_ptr<const Codec> codec) {
  refuse_late("add", codec == nullptr ? std::string_view("a codec") : codec->name());
  codecs_.push_back(std::move(codec));
}

void Server::Impl::add(std::shared_ptr<Observer> observer) {
  refuse_late("add", "an observer");
  std::shared_ptr<Observer>& all = shared_->dispatcher.observer_;
  all = rpc::joined(std::move(all), std::move(observer));
}

void Server::Impl::add(std::unique_ptr<rpc::Transport> transport) {
  refuse_late("add", "the transport " + transport->name());
  transports_.push_back({std::move(transport), true});
}

void Server::Impl::set_fallback(std::shared_ptr<Service> service) {
  refuse_late("fallback", "a service");
  shared_->dispatcher.fallback_ = std::move(service);
}

void Server::Impl::listen(std::string target) {
  refuse_late("listen", target);
  if (rpc::is_inproc(target)) {
    transports_.push_back({rpc::make_inproc_transport(target, shared_->options)});
    return;
  }
  if (const rpc::TransportFactory factory = rpc::find_transport(target)) {
    transports_.push_back({factory(target), true});
    return;
  }
  sockets_->listen_on(std::move(target));
}

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
  if (status.ok()) status = take_codecs();
  if (status.ok()) status = route();
  if (!status.ok()) return status;
  rpc::keep_large_blocks();
  if (!sockets_->has_targets() && transports_.size() == 1) {
    return invalid_argument("the server has no address to listen on, and no other transport");
  }
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
    run_on(*loops_.front(), [&] { status = start_and_announce(); });
  } else {
    status = start_and_announce();
  }
  if (!status.ok()) return status;
  bool stopped = false;
  {
    const std::lock_guard lock(mutex_);
    // Calls may come by now, so a handler may have stopped it already.
    stopped = state_ == State::Stopped;
    state_ = State::Running;
  }
  if (announcement_) {
    loops_.front()->post([announcement = announcement_] { announcement->start(); });
  }
  if (stopped) {
    loops_.front()->post([self = shared_from_this()] {
      self->drain();
      self->finish_stop(kDefaultGrace);
    });
  }
  return {};
}

Status Server::Impl::start_and_announce() {
  Status status = start_transports();
  if (!status.ok()) return status;
  status = announce();
  if (!status.ok()) take_back(0);
  return status;
}

Status Server::Impl::start_transports() {
  const std::shared_ptr<rpc::Dispatcher> dispatcher(shared_, &shared_->dispatcher);
  if (Observer* const observer = dispatcher->observer()) {
    observer->on_start({.services = dispatcher->services(),
                        .has_fallback = dispatcher->has_fallback(),
                        .loops = loops_,
                        .figures = shared_->counts});
  }
  // The sockets, which come first, are the last that others may call.
  for (std::size_t i = transports_.size(); i-- > 0;) {
    rpc::Transport& transport = *transports_[i].transport;
    if (&transport == sockets_ && !sockets_->has_targets()) continue;
    Status status = transport.start(dispatcher, loops_);
    if (!status.ok()) {
      take_back(i + 1);
      return status;
    }
    const std::lock_guard lock(mutex_);
    transports_[i].running = true;
    ++transports_running_;
  }
  return {};
}

/// Those from `first` on have been started, and the server is not.
void Server::Impl::take_back(std::size_t first) noexcept {
  for (std::size_t i = first; i < transports_.size(); ++i) {
    rpc::Transport& transport = *transports_[i].transport;
    {
      const std::lock_guard lock(mutex_);
      if (!std::exchange(transports_[i].running, false)) continue;
      --transports_running_;
    }
    if (&transport == sockets_) {
      sockets_->forget();
      continue;
    }
    transport.drain([] {});
    transport.cancel_all(unavailable("the server could not be started"));
  }
}

Status Server::Impl::announce() {
  const ServerOptions& options = shared_->options;
  if (options.announce.empty() && options.announce_options.also.empty()) return {};
  auto announcement = rpc::Announcement::make(*loops_.front(), options.announce,
                                              options.announce_options, addresses());
  if (!announcement.ok()) return std::move(announcement).status();
  announcement_ = std::move(*announcement);
  return {};
}

std::size_t Server::Impl::active_calls() const noexcept {
  std::size_t sum = shared_->dispatcher.active_calls();
  for (const Part& part : transports_) sum += part.transport->active_calls();
  return sum;
}

Status Server::Impl::reload_tls() {
  return shared_->tls ? shared_->tls->reload()
                      : failed_precondition("the server has no TLS (ServerOptions::tls)");
}

Status Server::Impl::route() {
  // Anew for each attempt to start: there may be more services since.
  rpc::Dispatcher& dispatcher = shared_->dispatcher;
  dispatcher.clear_services();
  const ServerOptions& options = shared_->options;
  dispatcher.max_calls_ = options.max_calls;
  dispatcher.rules_ = {.max_receive_size = options.max_receive_size,
                       .max_send_size = options.max_send_size,
                       .max_metadata_size = options.max_metadata_size,
                       .max_decompression_ratio = options.max_decompression_ratio,
                       .accepted = options.accepted_compressions,
                       .propagation = options.propagation};
  for (const auto& service : services_) {
    Status status = dispatcher.add(service);
    if (!status.ok()) return status;
    if (health().get(service->descriptor().name) == ServingStatus::ServiceUnknown) {
      health().set(service->descriptor().name, ServingStatus::Serving);
    }
  }
  const auto offer = [&](const std::shared_ptr<ServiceDefinition>& service) {
    // A service of the program's own under that name has precedence.
    static_cast<void>(dispatcher.add(service));
  };
  if (shared_->options.health) offer(make_health_service(shared_->health));
  if (shared_->options.reflection) {
    for (const auto& service : make_reflection_services(dispatcher.descriptors_)) offer(service);
  }
  rpc::OtherRequests* const requests = shared_->other_requests.get();
  return requests == nullptr ? Status() : requests->start(dispatcher);
}

Status Server::Impl::take_codecs() {
  rpc::CodecTable& table = shared_->dispatcher.codecs_ = rpc::CodecTable();
  for (const auto& codec : codecs_) {
    Status status = table.add(codec);
    if (!status.ok()) return status;
  }
  return {};
}

void Server::Impl::make_loops() {
  loops_ = shared_->options.loops;
  if (own_threads()) {
    std::size_t count = shared_->options.threads;
    if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
    const net::LoopOptions options{.handler_bound = shared_->options.handler_bound,
                                   .poll_spin = shared_->options.poll_spin};
    for (std::size_t i = 0; i < count; ++i) {
      threads_.push_back(std::make_unique<net::LoopThread>("weft-loop", options));
      loops_.push_back(&threads_.back()->loop());
    }
  }
  for (net::Loop* loop : loops_) {
    if (!loop->is_simulated()) loop->report_holds();
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
void Server::add(std::shared_ptr<const Codec> codec) { impl_->add(std::move(codec)); }
void Server::add(std::shared_ptr<Observer> observer) { impl_->add(std::move(observer)); }
void Server::add(std::unique_ptr<rpc::Transport> transport) { impl_->add(std::move(transport)); }
void Server::fallback(std::shared_ptr<Service> service) { impl_->set_fallback(std::move(service)); }
void Server::listen(std::string address) { impl_->listen(std::move(address)); }
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

std::size_t Server::active_calls() const noexcept { return impl_->active_calls(); }
std::size_t Server::active_connections() const noexcept {
  return impl_->shared().connections.load(std::memory_order_relaxed);
}

std::uint64_t Server::refused_calls() const noexcept {
  return impl_->shared().refused.load(std::memory_order_relaxed);
}

}  // namespace weft
