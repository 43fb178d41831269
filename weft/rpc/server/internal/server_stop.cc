#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "weft/base/log.h"
#include "weft/net/loop/wait.h"
#include "weft/rpc/server/internal/server_impl.h"

// How a server ends: it drains, cancels what is left, and goes on without those who take no notice.
namespace weft {
namespace {

// How long handlers have to notice that they were cancelled before a stop goes on without them.
constexpr Duration kCancelGrace = std::chrono::seconds(5);
// How long a loop may take to say what it is stuck in, or to end its thread: one whose thread is
// blocked never does.
constexpr Duration kReportTime = std::chrono::seconds(1);

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
  health_->shutdown();
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
  std::unique_lock lock(mutex_);
  if (!std::exchange(transports_[index].running, false)) return;
  if (--transports_running_ == 0) set_stopped(std::move(lock));
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
  std::vector<std::future<void>> reports;
  reports.reserve(loops_.size());
  for (net::Loop* loop : loops_) reports.push_back(report_stuck(*loop));
  // On a loop's own thread it is said later: that loop goes on.
  if (net::Loop::current() == nullptr) {
    const TimePoint until = after(std::chrono::steady_clock::now(), kReportTime);
    for (std::size_t i = 0; i < reports.size(); ++i) {
      const bool told = reports[i].wait_until(until) == std::future_status::ready;
      if (!told) log_held(*loops_[i]);
    }
  }
  report_stuck_users();
  set_stopped(std::unique_lock(mutex_));
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

std::future<void> Server::Impl::report_stuck(net::Loop& loop) {
  const auto told = std::make_shared<std::promise<void>>();
  loop.post([self = shared_from_this(), &loop, told] {
    std::string calls;
    for (const Part& part : self->transports_) {
      const std::string some = part.transport->describe_calls(loop);
      if (!some.empty()) calls.append(calls.empty() ? "" : ", ").append(some);
    }
    if (!calls.empty()) {
      log(LogLevel::Error,
          "the server stops without waiting for handlers that ignore their cancellation: " + calls);
    }
    told->set_value();
  });
  return told->get_future();
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
  const auto now = [] { return std::chrono::steady_clock::now(); };
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

}  // namespace weft
