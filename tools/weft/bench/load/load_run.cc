#include "tools/weft/bench/load/load_run.h"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

#include "weft/coro/context.h"
#include "weft/net/loop/loop_thread.h"
#include "weft/net/loop/offload.h"
#include "weft/net/loop/wait.h"

#include "tools/weft/last_resort.h"

namespace weft::cli::bench {
namespace {

// How often progress is shown.
constexpr Duration kTick = std::chrono::milliseconds(200);
// What "lately" means.
constexpr Duration kLately = std::chrono::seconds(1);
// For the last thread to hear of the start in time.
constexpr Duration kHeadStart = std::chrono::milliseconds(2);

// Beyond the time that calls under way have: for the connections to close, and for a machine that
// is busy with something else.
constexpr Duration kToEnd = std::chrono::seconds(10);

/// A worker with its thread. Except for what says so, for the thread that made it.
class WorkerThread {
 public:
  WorkerThread(net::Loop& owner, const CallMix& mix, LoadPlan plan)
      : owner_(owner),
        plan_(std::move(plan)),
        thread_("weft-bench-" + std::to_string(plan_.index)) {
    post([this, &mix] { worker_.emplace(loop(), mix, plan_); });
  }
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;
  ~WorkerThread() {
    // Connections close in turns of the loop that come after.
    net::run_blocking(loop(), dismiss());
  }

  /// Starts what it is to do; `done` is completed on the owner's loop at its end.
  void connect(net::Wait& done) {
    post([this, &done] {
      connecting_ = worker_->connect();
      start(connecting_, done);
    });
  }
  void run(TimePoint from, net::Wait& done) {
    post([this, from, &done] {
      running_ = worker_->run(from);
      start(running_, done);
    });
  }
  /// Once connect() is done.
  Status connected() { return connecting_.take(); }
  Measurement measurement() { return worker_->take_measurement(); }
  IntervalQueue& intervals() noexcept { return worker_->intervals(); }
  void interrupt() {
    post([this] {
      context_.cancel(cancelled("the run was interrupted"));
      worker_->interrupt();
    });
  }

 private:
  net::Loop& loop() noexcept { return thread_.loop(); }
  template <class F>
  void post(F function) {
    loop().post(UniqueFunction<void()>(std::move(function)));
  }
  template <class T>
  void start(Task<T>& task, net::Wait& done) {
    done_ = &done;
    task.start(&context_, {&WorkerThread::ended, this});
  }
  static void ended(void* argument) noexcept {
    auto& self = *static_cast<WorkerThread*>(argument);
    self.owner_.post([done = self.done_] { done->complete(); });
  }
  Task<> dismiss() {
    worker_.reset();
    co_return;
  }

  net::Loop& owner_;
  const LoadPlan plan_;
  Context context_;
  std::optional<LoadWorker> worker_;
  Task<Status> connecting_{Status()};
  Task<> running_;
  net::Wait* done_ = nullptr;
  net::LoopThread thread_;
};

/// Ends the program where a run does not end by itself: a server that keeps the threads' loops busy
/// also keeps their timers from expiring.
class RunGuard {
 public:
  void limit_to(Duration limit) {
    if (!guard_) guard_.emplace("the run", limit + kToEnd);
  }

 private:
  std::optional<LastResort> guard_;
};

/// Cancelling a run's context makes its threads stop, rather than whoever waits for them.
class InterruptHook : public CancelHook {
 public:
  InterruptHook(std::deque<WorkerThread>& threads, RunGuard& guard) noexcept
      : CancelHook(&InterruptHook::run), threads_(threads), guard_(guard) {}
  bool interrupted() const noexcept { return interrupted_; }

 private:
  static void run(CancelHook& hook, const Status&) noexcept {
    auto& self = static_cast<InterruptHook&>(hook);
    self.interrupted_ = true;
    self.guard_.limit_to(Duration(0));
    for (WorkerThread& thread : self.threads_) thread.interrupt();
  }
  std::deque<WorkerThread>& threads_;
  RunGuard& guard_;
  bool interrupted_ = false;
};

/// Puts what the threads have measured into a time line, and tells how it goes.
class Watcher : private net::Timer {
 public:
  Watcher(net::Loop& loop, std::deque<WorkerThread>& threads, const LoadPlan& plan, TimePoint start,
          ProgressFunction progress)
      : Timer(&Watcher::tick),
        loop_(loop),
        threads_(threads),
        time_line_(plan.interval),
        interval_(plan.interval),
        measure_from_(start + plan.warmup),
        progress_(std::move(progress)) {
    loop_.arm(*this, after(start, kTick));
  }

  TimeLine finish() {
    cancel();
    collect();
    return std::move(time_line_);
  }

 private:
  static void tick(net::Timer& timer) noexcept {
    auto& self = static_cast<Watcher&>(timer);
    const TimePoint now = self.loop_.now();
    self.loop_.arm(self, after(now, kTick));
    self.collect();
    self.tell(now);
  }
  void collect() {
    for (WorkerThread& thread : threads_) {
      for (IntervalQueue::Item& item : thread.intervals().take()) {
        time_line_.add(item.at, item.interval);
        remember(std::move(item));
      }
    }
  }
  void tell(TimePoint now) const {
    LoadProgress progress;
    progress.warming_up = now < measure_from_;
    progress.passed = std::max(now - measure_from_, Duration(0));
    progress.calls = calls_;
    progress.errors = errors_;
    Histogram lately;
    std::uint64_t ended = 0;
    Duration first = kForever;
    Duration last{};
    for (const IntervalQueue::Item& item : recent_) {
      lately.add(item.interval.ok);
      ended += item.interval.errors;
      first = std::min(first, item.at);
      last = std::max(last, item.at + interval_);
    }
    ended += lately.count();
    const double seconds = std::chrono::duration<double>(last - first).count();
    if (!recent_.empty()) progress.rate = static_cast<double>(ended) / seconds;
    progress.p99 = lately.percentile(99);
    progress_(progress);
  }
  void remember(IntervalQueue::Item item) {
    for (const Histogram::Bucket& bucket : item.interval.ok) calls_ += bucket.count;
    calls_ += item.interval.errors;
    errors_ += item.interval.errors;
    const Duration at = item.at;
    recent_.push_back(std::move(item));
    while (recent_.front().at + kLately <= at) recent_.pop_front();
  }

  net::Loop& loop_;
  std::deque<WorkerThread>& threads_;
  TimeLine time_line_;
  Duration interval_;
  TimePoint measure_from_;
  ProgressFunction progress_;
  std::deque<IntervalQueue::Item> recent_;
  std::uint64_t calls_ = 0;
  std::uint64_t errors_ = 0;
};

Task<> wait_all(std::deque<net::Wait>& done) {
  for (net::Wait& each : done) static_cast<void>(co_await each);
}

void prepare(net::Loop& loop, std::deque<net::Wait>& done, std::size_t count) {
  done.clear();
  for (std::size_t i = 0; i < count; ++i) done.emplace_back(loop);
}

Task<Result<LoadResult>> drive(const CallMix& mix, const LoadPlan plan, std::size_t count,
                               Context* interruptible, ProgressFunction progress,
                               std::deque<WorkerThread>& threads, RunGuard& guard) {
  net::Loop& loop = *net::Loop::current();
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back(loop, mix, part_of(plan, i, count));
  InterruptHook hook(threads, guard);
  if (!interruptible->add_hook(hook)) co_return interruptible->cancel_reason();

  std::deque<net::Wait> done;
  prepare(loop, done, count);
  for (std::size_t i = 0; i < count; ++i) threads[i].connect(done[i]);
  co_await wait_all(done);
  if (hook.interrupted()) co_return interruptible->cancel_reason();
  Status connected;
  for (WorkerThread& thread : threads) {
    Status status = thread.connected();
    if (connected.ok()) connected = std::move(status);
  }
  if (!connected.ok()) co_return connected;

  const TimePoint start = after(loop.now(), kHeadStart);
  Watcher watcher(loop, threads, plan, start, std::move(progress));
  prepare(loop, done, count);
  if (plan.duration != kForever) guard.limit_to(plan.warmup + plan.duration + kDrain);
  for (std::size_t i = 0; i < count; ++i) threads[i].run(start, done[i]);
  co_await wait_all(done);
  Measurement measured(mix.size());
  for (WorkerThread& thread : threads) measured.merge(thread.measurement());
  co_return LoadResult{.measured = std::move(measured),
                       .time_line = watcher.finish(),
                       .interrupted = hook.interrupted()};
}

}  // namespace

LoadPlan part_of(const LoadPlan& whole, std::size_t index, std::size_t threads) {
  LoadPlan part = whole;
  part.index = index;
  part.threads = threads;
  part.connections = whole.connections / threads + (index < whole.connections % threads ? 1 : 0);
  if (whole.calls != UINT64_MAX) {
    part.calls = whole.calls / threads + (index < whole.calls % threads ? 1 : 0);
  }
  part.rate = whole.rate / static_cast<double>(threads);
  part.max_backlog = std::max<std::uint64_t>(whole.max_backlog / threads, 1);
  return part;
}

Task<Result<LoadResult>> run_load(const CallMix& mix, LoadPlan plan, std::size_t threads,
                                  ProgressFunction progress) {
  Context* interruptible = co_await current_context();
  // It waits for its threads also when it is interrupted.
  Context own;
  // There while the threads end.
  RunGuard guard;
  std::deque<WorkerThread> workers;
  Result<LoadResult> result = co_await drive(mix, std::move(plan), threads, interruptible,
                                             std::move(progress), workers, guard)
                                  .in(own);
  const auto end = [&workers] { workers.clear(); };
  co_await net::offload(end);
  co_return result;
}

}  // namespace weft::cli::bench
