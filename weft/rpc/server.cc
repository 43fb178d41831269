#include "weft/rpc/server.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "weft/base/log.h"
#include "weft/net/loop_thread.h"
#include "weft/net/wait.h"
#include "weft/rpc/health.h"
#include "weft/rpc/internal/announcement.h"
#include "weft/rpc/internal/listen_address.h"
#include "weft/rpc/internal/server_loop.h"
#include "weft/rpc/reflection.h"

namespace weft {
namespace {

// How long handlers have to notice that they were cancelled before a stop goes on without them.
constexpr Duration kCancelGrace = std::chrono::seconds(5);
// How long a loop may take to say what it is stuck in: one whose thread is blocked never does.
constexpr Duration kReportTime = std::chrono::seconds(1);
// Half of it is to be more than the shortest round that Admission looks at.
constexpr Duration kLeastQueueDelay = std::chrono::milliseconds(4);

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

class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  explicit Impl(ServerOptions options) : shared_(std::make_shared<rpc::ServerShared>()) {
    if (!options.listen.empty()) targets_.push_back(options.listen);
    shared_->options = std::move(options);
  }
  ~Impl() { end_threads(); }

  void use(Middleware middleware) { shared_->middlewares.add(std::move(middleware)); }
  void add(std::shared_ptr<ServiceDefinition> service) { services_.push_back(std::move(service)); }
  void add_target(std::string target) { targets_.push_back(std::move(target)); }
  Status start();
  Status reload_tls() {
    return shared_->tls ? shared_->tls->reload()
                        : failed_precondition("the server has no TLS (ServerOptions::tls)");
  }
  const std::vector<net::Address>& addresses() const noexcept { return addresses_; }
  rpc::ServerShared& shared() noexcept { return *shared_; }
  HealthRegistry& health() noexcept { return *health_; }

  /// The first step of a stop: no more connections, those there are drain.
  void drain();
  /// The second: what has not ended by now is cancelled.
  void cancel_all();
  /// The third: says which handlers did not take notice, and counts as stopped without them.
  void report_stuck();
  std::future<void> report_stuck(const std::shared_ptr<rpc::ServerLoop>& loop);
  void end_threads();
  /// Whether this thread is one that the stop needs.
  bool on_own_loop() const noexcept;
  /// Goes through the second and the third step when their time has come, by itself.
  void finish_stop(Duration grace);
  void when_stopped(UniqueFunction<void()> function);
  bool wait_stopped(Duration time);
  Task<bool> wait_stopped(net::Loop& loop, Duration time);

 private:
  enum class State : std::uint8_t { New, Running, Stopping, Stopped };
  /// A coroutine that waits for the stop; null once it has given up. Touched on its loop's thread
  /// only, but for `loop`.
  struct Waiting {
    net::Loop& loop;
    net::Wait* wait;
  };

  class DetachedStop;
  Status bind();
  Status listen_and_announce();
  void drain_loops();
  Status route();
  Status make_tls();
  Status listen_all();
  Status listen(const std::string& target);
  void make_loops();
  void accept(std::unique_ptr<net::Accepted> accepted);
  void loop_stopped();
  void set_stopped(std::unique_lock<std::mutex> lock);
  bool own_threads() const noexcept { return shared_->options.loops.empty(); }

  std::shared_ptr<rpc::ServerShared> shared_;
  std::shared_ptr<HealthRegistry> health_ = std::make_shared<HealthRegistry>();
  std::vector<std::shared_ptr<ServiceDefinition>> services_;
  std::vector<std::string> targets_;
  std::vector<net::Address> addresses_;
  std::vector<std::unique_ptr<net::LoopThread>> threads_;
  std::vector<std::shared_ptr<rpc::ServerLoop>> loops_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;  // of the first loop's thread
  std::shared_ptr<rpc::Announcement> announcement_;        // likewise; null without registries

  bool routed_ = false;
  std::mutex ending_;  // held while the threads are joined
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::New;                       // with mutex_
  std::size_t loops_running_ = 0;                  // with mutex_
  std::vector<std::shared_ptr<Waiting>> waiting_;  // with mutex_
  UniqueFunction<void()> when_stopped_;            // with mutex_
};

/// A stop that nobody waits for. It lives until it has ended or its loop has.
class Server::Impl::DetachedStop final : private net::LoopEndHook {
 public:
  static void start(std::shared_ptr<Impl> server, net::Loop& loop, Duration grace) {
    auto* stop = new DetachedStop(std::move(server), loop);
    loop.at_loop_end(*stop);
    stop->task_ = go_on(*stop->server_, loop, grace);
    stop->task_.start(
        nullptr, {[](void* self) noexcept { static_cast<DetachedStop*>(self)->ended(); }, stop});
  }

 private:
  DetachedStop(std::shared_ptr<Impl> server, net::Loop& loop)
      : server_(std::move(server)), loop_(loop) {}
  ~DetachedStop() = default;
  static Task<> go_on(Impl& server, net::Loop& loop, Duration grace) {
    const bool stopped = co_await server.wait_stopped(loop, grace);
    if (stopped) co_return;
    server.cancel_all();
    const bool stopped_now = co_await server.wait_stopped(loop, kCancelGrace);
    if (!stopped_now) server.report_stuck();
  }
  /// In a later turn, for the task is on the stack.
  void ended() noexcept {
    loop_.post([this] { delete this; });
  }
  void on_loop_end() noexcept override { delete this; }

  std::shared_ptr<Impl> server_;
  net::Loop& loop_;
  Task<> task_;
};

Status Server::Impl::start() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::New) return failed_precondition("the server was started before");
  }
  Status status = route();
  if (!status.ok()) return status;
  if (targets_.empty()) return invalid_argument("the server has no address to listen on");
  if (const Duration delay = shared_->options.max_queue_delay; delay < kLeastQueueDelay) {
    return invalid_argument("a queue delay of " + to_string(delay) + " is less than the " +
                            to_string(kLeastQueueDelay) +
                            " that any loop has (ServerOptions::max_queue_delay)");
  }
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
  {
    const std::lock_guard lock(mutex_);
    state_ = State::Running;
    loops_running_ = loops_.size();
  }
  if (announcement_) {
    loops_.front()->loop().post([announcement = announcement_] { announcement->start(); });
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
  if (routed_) return {};
  rpc::Router& router = shared_->router;
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
  routed_ = true;
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

void Server::Impl::drain() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::Running) {
      if (state_ == State::New) state_ = State::Stopped;
      return;
    }
    state_ = State::Stopping;
  }
  if (!announcement_) return drain_loops();
  // Clients are to know before the first of them is sent elsewhere.
  loops_.front()->loop().post([self = shared_from_this()] {
    self->announcement_->withdraw([self] { self->drain_loops(); });
  });
}

void Server::Impl::drain_loops() {
  health_->shutdown();
  shared_->draining = true;
  const std::shared_ptr<Impl> self = shared_from_this();
  loops_.front()->loop().post([self] {
    self->listeners_.clear();
    for (const auto& service : self->services_) service->on_drain();
  });
  for (const auto& loop : loops_) {
    loop->loop().post([self, loop] {
      loop->drain();
      loop->when_idle([self] { self->loop_stopped(); });
    });
  }
}

void Server::Impl::loop_stopped() {
  std::unique_lock lock(mutex_);
  if (--loops_running_ == 0) set_stopped(std::move(lock));
}

void Server::Impl::set_stopped(std::unique_lock<std::mutex> lock) {
  state_ = State::Stopped;
  const std::vector<std::shared_ptr<Waiting>> waiting = std::exchange(waiting_, {});
  UniqueFunction<void()> when_stopped = std::exchange(when_stopped_, {});
  changed_.notify_all();
  lock.unlock();
  if (when_stopped) when_stopped();
  for (const auto& one : waiting) {
    one->loop.post([one] {
      if (one->wait != nullptr) one->wait->complete();
    });
  }
}

void Server::Impl::cancel_all() {
  const auto cancel = [loops = loops_] {
    for (const auto& loop : loops) {
      loop->loop().post([loop] { loop->cancel_all(unavailable("the server is shutting down")); });
    }
  };
  if (!announcement_) return cancel();
  // A drain that still waits for registries has to have begun.
  loops_.front()->loop().post([announcement = announcement_, cancel] {
    announcement->hurry();
    cancel();
  });
}

void Server::Impl::report_stuck() {
  std::vector<std::future<void>> reports;
  reports.reserve(loops_.size());
  for (const auto& loop : loops_) reports.push_back(report_stuck(loop));
  // On a loop's own thread it is said later: that loop goes on.
  if (net::Loop::current() == nullptr) {
    for (const auto& report : reports) report.wait_for(kReportTime);
  }
  set_stopped(std::unique_lock(mutex_));
}

std::future<void> Server::Impl::report_stuck(const std::shared_ptr<rpc::ServerLoop>& loop) {
  const auto told = std::make_shared<std::promise<void>>();
  loop->loop().post([loop, told] {
    if (!loop->idle()) {
      log(LogLevel::Error,
          "the server stops without waiting for handlers that ignore their cancellation: " +
              loop->describe_calls());
    }
    told->set_value();
  });
  return told->get_future();
}

void Server::Impl::end_threads() {
  const std::lock_guard lock(ending_);
  threads_.clear();
}

bool Server::Impl::on_own_loop() const noexcept {
  const net::Loop* const here = net::Loop::current();
  return here != nullptr && std::any_of(loops_.begin(), loops_.end(),
                                        [&](const auto& loop) { return &loop->loop() == here; });
}

void Server::Impl::finish_stop(Duration grace) {
  DetachedStop::start(shared_from_this(), *net::Loop::current(), grace);
}

void Server::Impl::when_stopped(UniqueFunction<void()> function) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::Running || state_ == State::Stopping) {
      when_stopped_ = std::move(function);
      return;
    }
  }
  function();
}

bool Server::Impl::wait_stopped(Duration time) {
  std::unique_lock lock(mutex_);
  const auto stopped = [this] { return state_ == State::Stopped; };
  if (time == kForever) {
    changed_.wait(lock, stopped);
    return true;
  }
  return changed_.wait_for(lock, time, stopped);
}

Task<bool> Server::Impl::wait_stopped(net::Loop& loop, Duration time) {
  net::Wait wait(loop, after(loop.now(), time));
  const auto waiting = std::make_shared<Waiting>(Waiting{loop, &wait});
  // Also where the coroutine is destroyed while it waits.
  const std::unique_ptr<Waiting, void (*)(Waiting*)> forget(
      waiting.get(), [](Waiting* one) { one->wait = nullptr; });
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::Stopped) co_return true;
    waiting_.push_back(waiting);
  }
  static_cast<void>(co_await wait);
  const std::lock_guard lock(mutex_);
  co_return state_ == State::Stopped;
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

void Server::stop(Duration grace) {
  impl_->drain();
  if (impl_->on_own_loop()) return impl_->finish_stop(grace);
  if (!impl_->wait_stopped(grace)) {
    impl_->cancel_all();
    if (!impl_->wait_stopped(kCancelGrace)) impl_->report_stuck();
  }
  impl_->end_threads();
}

Task<> Server::shutdown(Duration grace) {
  net::Loop& loop = *net::Loop::current();
  const std::shared_ptr<Impl> impl = impl_;
  impl->drain();
  impl->finish_stop(grace);
  static_cast<void>(co_await impl->wait_stopped(loop, kForever));
}

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
