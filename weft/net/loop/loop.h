#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/fork_mutex.h"
#include "weft/base/function.h"
#include "weft/base/intrusive_list.h"
#include "weft/base/result.h"
#include "weft/base/rng.h"
#include "weft/coro/executor.h"
#include "weft/coro/task.h"
#include "weft/net/dns/dns.h"
#include "weft/net/loop/timer.h"
#include "weft/net/socket/address.h"
#include "weft/net/socket/stream.h"

namespace weft::net {

namespace internal {
class HoldWatch;
}  // namespace internal

/// Work to post that owns itself: destroyed once it has run, or when its loop ends before that.
class PostedWork : public Runnable {
 public:
  virtual ~PostedWork() = default;

 protected:
  PostedWork() noexcept : Runnable(&PostedWork::call) {}
  virtual void work() noexcept = 0;

 private:
  friend class Loop;
  static void call(Runnable& item) noexcept;
};

/// Called once at the end of the turn in which it was registered, after every ready coroutine has
/// run, or between two of them where there are many: here connections write out, in one go, what
/// the turn has produced.
class TurnEndHook : public ListNode {
 public:
  virtual void on_turn_end() noexcept = 0;

 protected:
  ~TurnEndHook() = default;
};

/// Called when a loop is about to end, on the thread that destroys it and while its streams and
/// timers can still be destroyed: for objects that live as long as the loop.
class LoopEndHook : public ListNode {
 public:
  virtual void on_loop_end() noexcept = 0;

 protected:
  ~LoopEndHook() = default;
};

/// Accepts connections until it is destroyed or closed. Belongs to the loop that made it.
class Listener {
 public:
  virtual ~Listener() = default;
  /// The bound address, with the port the system chose where 0 was asked for.
  virtual const Address& address() const noexcept = 0;
  /// Stops accepting at once; connections that were handed out live on. Idempotent.
  virtual void close() noexcept = 0;
};

/// A connection that was accepted but not yet bound to a loop, so that it can be handed to another
/// loop's thread. Destroying it closes it.
class Accepted {
 public:
  virtual ~Accepted() = default;
  /// Makes the stream on `loop`, on whose thread this is called; a loop of the listener's kind.
  virtual std::unique_ptr<Stream> bind_to(class Loop& loop) = 0;
};

using AcceptHandler = UniqueFunction<void(std::unique_ptr<Accepted>)>;

struct ListenOptions {
  int backlog = 1024;
  /// Lets several processes or listeners share the port (SO_REUSEPORT).
  bool reuse_port = false;
  /// Mode of a Unix socket's file; 0 leaves it to the umask.
  unsigned unix_mode = 0;
};

class Loop;

/// Posts to a Loop that may be gone by then; what work on other threads holds instead of a
/// reference. Safe from any thread.
class LoopAnchor {
 public:
  explicit LoopAnchor(Loop& loop) noexcept : loop_(&loop) {}
  /// Posts `item`, or returns false when the loop has ended, or is a parent's (is_parents()):
  /// then `item` never runs.
  bool post(Runnable& item) noexcept;
  bool post(UniqueFunction<void()> function) noexcept;
  /// Null once the loop has ended; on the loop's own thread only.
  Loop* loop() const noexcept { return loop_; }
  /// The loop ran when fork() was called, and this is the child: the thread that runs it is not
  /// here, and nothing happens on it any more. From any thread.
  bool is_parents() const noexcept {
    const std::uint32_t running = running_.load(std::memory_order_relaxed);
    return running != 0 && running != running_here();
  }

 private:
  friend class Loop;
  void drop() noexcept;
  static std::uint32_t running_here() noexcept { return fork_generation() + 1; }
  std::mutex mutex_;
  Loop* loop_;
  std::atomic<std::uint32_t> running_{0};  // running_here() of the process that runs the loop
};

/// One thread, one event loop: sockets, timers and the coroutines that run on them. See Executor
/// for what a turn is. Everything except post() and stop() is for the loop's own thread. Streams,
/// listeners and coroutines of a loop must be gone before it is.
///
/// AsioLoop is the production loop; SimLoop runs the same code in virtual time over a seeded
/// network.
class Loop : public Executor {
 public:
  ~Loop() override;
  /// The loop whose thread this is, or null. Ends a UserCode.
  static Loop* current() noexcept { return static_cast<Loop*>(Executor::current()); }

  // Executor
  using Executor::post;
  void ready(Runnable& item) noexcept final;
  /// Runs `item` in a turn of its own, after the events that are there by then: for work that would
  /// hold up what else the loop has to do if more of it ran at once. One such item runs between two
  /// looks for events, in the order of their coming.
  void ready_alone(Runnable& item) noexcept;
  /// As ready_alone(), for work that gives memory back: every second such turn is for this, where
  /// there is some, and runs more than one item where these count little as work.
  void ready_to_end(Runnable& item) noexcept;
  /// Counts work in units of about half a microsecond. Between two looks for events many of the
  /// loop's connections may have much to do: once round_is_long(), what can be put off waits for
  /// ready_alone(), so that connections with little to do are not delayed.
  void add_work(std::int32_t units) noexcept { work_ += units; }
  bool round_is_long() const noexcept { return work_ >= kLongRound; }
  /// Which round this is.
  std::uint32_t round() const noexcept { return round_; }
  static constexpr std::int32_t kLongRound = 2048;
  /// What add_work() is given for time that was measured; no more than makes a round long.
  static constexpr std::int32_t work_of(Duration time) noexcept {
    constexpr Duration kUnit = std::chrono::nanoseconds(500);
    return static_cast<std::int32_t>(std::clamp<Duration::rep>(time / kUnit, 0, kLongRound));
  }
  /// And for bytes that were decoded.
  static constexpr std::int32_t work_of_bytes(std::size_t bytes) noexcept {
    return static_cast<std::int32_t>(bytes / 512);
  }
  /// As post(Runnable&), for work that brings its own state; allocates.
  void post(UniqueFunction<void()> function);
  /// Runs `function` in a turn, at once: for code on the loop's thread that no turn called, as
  /// handlers of a program's own Asio operations and tests. Within it current() is this loop.
  template <class F>
  void enter(F&& function) {
    const Turn turn(*this);
    std::forward<F>(function)();
  }

  /// Runs until stop(); for a loop that does not own its thread (a program's own io_context), run
  /// that instead.
  virtual void run() = 0;
  /// Makes run() return soon. From any thread.
  virtual void stop() noexcept = 0;

  /// Arms `timer` for `when`; an armed timer is moved.
  void arm(Timer& timer, TimePoint when);

  /// Calls `hook.on_turn_end()` at the end of this turn, or of one started for it; earlier where
  /// many coroutines are ready, and then at the top level too.
  void at_turn_end(TurnEndHook& hook) noexcept;

  /// Calls `hook.on_loop_end()` when the loop is destroyed.
  void at_loop_end(LoopEndHook& hook) noexcept { loop_end_.push_back(hook); }

  /// Binds and listens; `handler` is called on this loop's thread for each connection. Errors name
  /// the address and the cause ("0.0.0.0:80: address in use").
  virtual Result<std::unique_ptr<Listener>> listen(const Address& address,
                                                   const ListenOptions& options,
                                                   AcceptHandler handler) = 0;
  /// Connects, or says why not (UNAVAILABLE naming the address). Ends early when the context is
  /// cancelled or its deadline passes.
  virtual Task<Result<std::unique_ptr<Stream>>> connect(Address address) = 0;
  /// What is known of a name. UNAVAILABLE naming it when that is nothing, with the reason: a name
  /// that does not exist is told from name servers that do not answer. INVALID_ARGUMENT when it
  /// cannot be asked for.
  virtual Task<Result<DnsAnswer>> look_up(DnsQuestion question) = 0;
  /// As look_up(): the addresses of a name, IPv6 and IPv4.
  Task<Result<std::vector<Address>>> resolve(std::string host, std::uint16_t port);

  /// Whether runs have to repeat exactly, so that nothing may leave the thread: in a simulation.
  virtual bool is_simulated() const noexcept { return false; }

  /// For threads and objects that may outlive this loop.
  const std::shared_ptr<LoopAnchor>& anchor() const noexcept { return anchor_; }

  /// From now on it is logged when one piece of work holds this loop's thread for more than a
  /// second: once for every method whose handler does, and once for all that is no handler's
  /// beginning. For loops of servers, on any thread.
  void report_holds();
  /// Set by Serving: the path of the method whose handler this thread runs now, from its beginning
  /// to what it first awaits.
  void set_handler(const std::string_view* path) noexcept {
    handler_.store(path, std::memory_order_relaxed);
  }
  /// What this loop's thread does now, for a log; from any thread: "/hello.Greeter/SayHello", or
  /// "something other than the beginning of a handler" where it is that.
  std::string describe_work() const;

  /// Seeded per loop: from the system for AsioLoop, from the simulation's seed for SimLoop.
  Rng& rng() noexcept { return rng_; }

 protected:
  explicit Loop(std::uint64_t seed);
  /// Runs the end hooks; after this the anchor posts nothing any more. Implementations call it
  /// first thing when they are destroyed, while post() still works.
  void end() noexcept;
  /// Ends a posted item that will not run: frees it if it owns itself.
  static void discard(Runnable& item) noexcept;
  void discard_ready() noexcept;

  /// What implementations call around each batch of events: marks the turn, then runs what became
  /// ready and then the turn-end hooks, until nothing is left.
  class Turn {
   public:
    /// AtTop: nothing but the loop's own run() is on the stack, so that handlers may be taken over.
    enum class Place : std::uint8_t { InEvent, AtTop };
    explicit Turn(Loop& loop, Place place = Place::InEvent) noexcept;
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn();

   private:
    Loop& loop_;
    Executor* outer_;
    Place place_;
    bool nested_;
  };
  /// For a thread that has taken the loop over, or was given it back: the turn that it found on its
  /// way is its own now.
  void resume_turn() noexcept { in_turn_ = true; }
  /// Events are looked for.
  void begin_round() noexcept {
    work_ = 0;
    ++round_;
  }
  /// What run() says at its begin and its end.
  void begin_running() noexcept { anchor_->running_ = LoopAnchor::running_here(); }
  void end_running() noexcept { anchor_->running_ = 0; }
  /// What Turn does at its end.
  void finish_turn(Turn::Place place) noexcept;
  /// Runs the timers that are due; to be called inside a turn.
  void expire_timers(TimePoint now) noexcept;
  /// Forgets the wake-up that rearm() asked for, and asks for the next if there is a timer.
  void rearm_again() noexcept {
    armed_for_ = kNever;
    rearm_if_earlier();
  }
  /// Has to bring about a turn soon; called at most once until that turn, on the loop's thread.
  virtual void request_turn() noexcept = 0;
  /// The first timer is now due earlier than what was told before.
  virtual void rearm(TimePoint when) noexcept = 0;
  const TimerQueue& timers() const noexcept { return timers_; }

 private:
  friend class internal::HoldWatch;
  struct NextAlone : Runnable {
    explicit NextAlone(Loop& of) noexcept : Runnable(&NextAlone::call), loop(of) {}
    static void call(Runnable& item) noexcept { static_cast<NextAlone&>(item).loop.run_alone(); }
    Loop& loop;
    bool posted = false;
    bool ends = true;  // it is the turn of what is in ending_
  };
  void run_alone() noexcept;
  void request_alone() noexcept;
  void request() noexcept;
  void rearm_if_earlier() noexcept;

  RunnableQueue ready_;
  RunnableQueue alone_;
  RunnableQueue ending_;
  NextAlone next_alone_{*this};
  IntrusiveList<TurnEndHook> turn_end_;
  IntrusiveList<LoopEndHook> loop_end_;
  TimerQueue timers_;
  TimePoint armed_for_ = kNever;
  Rng rng_;
  std::shared_ptr<LoopAnchor> anchor_;
  std::int32_t work_ = 0;  // in this round
  std::uint32_t round_ = 0;
  bool in_turn_ = false;
  bool turn_requested_ = false;
  bool holds_reported_ = false;
  // For the watch, which is another thread. Odd while an item runs, and never the same for two.
  std::atomic<std::uint64_t> items_{0};
  std::atomic<const std::string_view*> handler_{nullptr};
};

/// Suspends for `duration`; OK, or the context's cancel reason if that came first. A deadline of
/// the context ends it with DEADLINE_EXCEEDED. Only on a Loop.
Task<Status> sleep(Duration duration);
/// As sleep(), until a time of the loop's clock.
Task<Status> sleep_until(TimePoint when);

}  // namespace weft::net
