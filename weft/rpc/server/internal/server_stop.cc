#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "weft/base/log.h"
#include "weft/net/loop/latch.h"
#include "weft/rpc/server/internal/server_impl.h"

// How a server stops, in three steps:
//
//   drain()         Running -> Stopping   leaves the registries, then every transport drains; the
//                                         last one that is idle opens the latch `stopped_`
//   cancel_all()    after `grace`         calls that are left are cancelled
//   report_stuck()  after kCancelGrace    names the handlers that ignore it, and opens the latch
//
// Everything waits for a net::Latch, with a limit: stop() as a thread, finish_stop() and shutdown()
// as coroutines, run() by a function. stop() cannot leave the steps to a coroutine: a handler may
// block the only loop, and stop() has to return all the same.
namespace weft {
namespace {

// How long handlers have to notice that they were cancelled before a stop goes on without them.
constexpr Duration kCancelGrace = std::chrono::seconds(5);
// How long a loop may take to say what it is stuck in, or to end its thread: one whose thread is
// blocked never does.
constexpr Duration kReportTime = std::chrono::seconds(1);

TimePoint now() noexcept { return std::chrono::steady_clock::now(); }

}  // namespace

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

void Server::Impl::drain() {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::Running) {
      if (state_ == State::New) state_ = State::Stopped;
      return;
    }
    state_ = State::Stopping;
  }
  if (!announcement_) return drain_transports();
  // Clients are to know before the first of them is sent elsewhere.
  loops_.front()->post([self = shared_from_this()] {
    self->announcement_->withdraw([self] { self->drain_transports(); });
  });
}

void Server::Impl::drain_transports() {
  health().shutdown();
  const std::shared_ptr<Impl> self = shared_from_this();
  loops_.front()->post([self] {
    for (const auto& service : self->services_) service->on_drain();
  });
  // One that has nothing to wait for says so at once.
  for (std::size_t i = 0; i < transports_.size(); ++i) {
    if (!runs(transports_[i])) continue;
    transports_[i].transport->drain([self, i] { self->transport_stopped(i); });
  }
}

bool Server::Impl::runs(const Part& part) {
  const std::lock_guard lock(mutex_);
  return part.running;
}

void Server::Impl::transport_stopped(std::size_t index) {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(transports_[index].running, false)) return;
    if (--transports_running_ != 0) return;
  }
  set_stopped();
}

void Server::Impl::set_stopped() {
  {
    const std::lock_guard lock(mutex_);
    state_ = State::Stopped;
  }
  stopped_.open();
}

bool Server::Impl::has_stopped() {
  const std::lock_guard lock(mutex_);
  return state_ == State::Stopped;
}

void Server::Impl::cancel_all() {
  const auto cancel = [self = shared_from_this()] {
    const Status reason = unavailable("the server is shutting down");
    for (const Part& part : self->transports_) {
      if (self->runs(part)) part.transport->cancel_all(reason);
    }
  };
  if (!announcement_) return cancel();
  // A drain that still waits for registries has to have begun.
  loops_.front()->post([announcement = announcement_, cancel] {
    announcement->hurry();
    cancel();
  });
}

void Server::Impl::report_stuck() {
  std::vector<std::shared_ptr<net::Latch>> reports;
  for (net::Loop* loop : loops_) reports.push_back(report_stuck(*loop));
  // On a loop's own thread it is said later: that loop goes on.
  if (net::Loop::current() == nullptr) {
    const TimePoint until = after(now(), kReportTime);
    for (std::size_t i = 0; i < reports.size(); ++i) {
      if (!reports[i]->wait(until - now())) log_held(*loops_[i]);
    }
  }
  report_stuck_users();
  set_stopped();
}

/// Once for a loop.
void Server::Impl::log_held(const net::Loop& loop) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (!held_.insert(&loop).second) return;
  }
  log(LogLevel::Error, "the server stops without waiting for " + loop.describe_work() +
                           ", which holds the thread of its loop: a thread cannot be ended from "
                           "outside, so this one and what it uses are left behind until the "
                           "program ends");
}

std::shared_ptr<net::Latch> Server::Impl::report_stuck(net::Loop& loop) {
  const auto reported = std::make_shared<net::Latch>();
  loop.post([self = shared_from_this(), &loop, reported] {
    std::string calls;
    for (const Part& part : self->transports_) {
      const std::string some = part.transport->describe_calls(loop);
      if (!some.empty()) calls.append(calls.empty() ? "" : ", ").append(some);
    }
    if (!calls.empty()) {
      log(LogLevel::Error,
          "the server stops without waiting for handlers that ignore their cancellation: " + calls);
    }
    reported->open();
  });
  return reported;
}

/// Of weft's own transports it is said which calls are left.
void Server::Impl::report_stuck_users() {
  for (const Part& part : transports_) {
    if (!part.users || !runs(part)) continue;
    log(LogLevel::Error, "the server stops without waiting for the calls of its transport " +
                             part.transport->name());
  }
}

void Server::Impl::end_threads() {
  const std::lock_guard lock(ending_);
  TimePoint until = after(now(), kCancelGrace);
  {
    // What holds a loop has been given that time already.
    const std::lock_guard lock_held(mutex_);
    if (!held_.empty()) until = after(now(), kReportTime);
  }
  for (const auto& thread : threads_) {
    const net::Loop& loop = thread->loop();
    // A loop that is left behind is still there.
    if (!thread->end(std::max(until - now(), Duration::zero()))) log_held(loop);
  }
  threads_.clear();
}

bool Server::Impl::on_own_loop() const noexcept {
  const net::Loop* const here = net::Loop::current();
  return here != nullptr && std::find(loops_.begin(), loops_.end(), here) != loops_.end();
}

void Server::Impl::stop(Duration grace) {
  drain();
  if (on_own_loop()) return finish_stop(grace);
  if (!wait_stopped(grace)) {
    cancel_all();
    if (!wait_stopped(kCancelGrace)) report_stuck();
  }
  end_threads();
}

Task<> Server::Impl::shutdown(std::shared_ptr<Impl> server, Duration grace) {
  net::Loop& loop = *net::Loop::current();
  server->drain();
  server->finish_stop(grace);
  static_cast<void>(co_await server->wait_stopped(loop, kForever));
}

void Server::Impl::finish_stop(Duration grace) {
  DetachedStop::start(shared_from_this(), *net::Loop::current(), grace);
}

void Server::Impl::when_stopped(UniqueFunction<void()> function) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::Running || state_ == State::Stopping) {
      return stopped_.when_open(std::move(function));
    }
  }
  function();
}

// A server that was stopped before it ran has stopped with its latch closed.
bool Server::Impl::wait_stopped(Duration time) { return has_stopped() || stopped_.wait(time); }

Task<bool> Server::Impl::wait_stopped(net::Loop& loop, Duration time) {
  if (has_stopped()) co_return true;
  co_return co_await stopped_.wait(loop, time);
}

}  // namespace weft
