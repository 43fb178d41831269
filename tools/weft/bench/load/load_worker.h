#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/intrusive_list.h"
#include "weft/coro/scope.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"
#include "weft/rpc/call/call_options.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/client/streaming_call.h"

#include "tools/weft/bench/load/arrivals.h"
#include "tools/weft/bench/load/call_mix.h"
#include "tools/weft/bench/load/header_templates.h"
#include "tools/weft/bench/load/measurement.h"

namespace weft::cli::bench {

/// What one thread of a run has to do.
struct LoadPlan {
  std::string target;
  ChannelOptions channel;
  CallOptions call;
  HeaderTemplates headers{};  ///< in place of the call's metadata, where they change
  std::size_t connections = 1;
  std::size_t streams = 1;           ///< calls under way on a connection
  std::uint64_t calls = UINT64_MAX;  ///< number of measured calls
  Duration duration = kForever;      ///< how long calls are measured
  Duration warmup{};
  double rate = 0;                ///< calls a second are due; 0: as fast as they are answered
  std::uint64_t max_backlog = 0;  ///< with a rate
  /// What is counted is messages of streams that stay open; of a mix of one method.
  bool message_streams = false;
  Duration interval = std::chrono::milliseconds(100);  ///< of the time line
  std::uint64_t seed = 1;
  std::size_t index = 0;    ///< of this thread
  std::size_t threads = 1;  ///< threads in the run
};

/// For calls that are under way when the time is up: those that take longer are cancelled.
inline constexpr Duration kDrain = std::chrono::seconds(5);

/// Intervals that are complete, on their way to another thread.
class IntervalQueue {
 public:
  struct Item {
    Duration at{};  ///< its begin, from the first measured call's
    Interval interval;
  };
  void push(Item item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
  }
  std::vector<Item> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(items_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<Item> items_;
};

/// Makes calls as a plan says, and measures them: one thread's part of a run. Every one of
/// `connections * streams` lanes is a coroutine that makes one call after the other.
///
///     closed loop   a lane's next call begins when the one before it has ended
///     open loop     it begins when it is due, or as soon as a lane is free after that, and its
///                   latency counts from when it was due: so a server that stalls is charged with
///                   the calls that had to wait for it
///
/// Belongs to a loop, and is made and destroyed on its thread.
class LoadWorker {
 public:
  /// `mix` and `plan` must outlive it.
  LoadWorker(net::Loop& loop, const CallMix& mix, const LoadPlan& plan);
  LoadWorker(const LoadWorker&) = delete;
  LoadWorker& operator=(const LoadWorker&) = delete;
  ~LoadWorker();

  /// Makes the connections, or says why one cannot be.
  Task<Status> connect();
  /// Makes the calls, from `start` on.
  Task<> run(TimePoint start);
  /// Begins no more calls, and cancels those under way.
  void interrupt() noexcept;

  /// After run().
  Measurement take_measurement();
  /// From any thread.
  IntervalQueue& intervals() noexcept { return intervals_; }

 private:
  /// A call that may begin.
  struct Ticket {
    TimePoint due;
    std::uint64_t number = 0;
    Rotation::Pick pick{};
    bool measured = false;
  };
  enum class Next : std::uint8_t { Taken, Idle, End };
  /// A lane that waits for a call to be due.
  struct IdleLane : ListNode {
    explicit IdleLane(net::Loop& loop) noexcept : wait(loop) {}
    net::Wait wait;
  };
  struct Alarm : net::Timer {
    using Action = void (LoadWorker::*)() noexcept;
    Alarm(LoadWorker& owner, Action what) noexcept
        : Timer(&Alarm::ring), worker(owner), action(what) {}
    static void ring(net::Timer& timer) noexcept {
      auto& self = static_cast<Alarm&>(timer);
      (self.worker.*self.action)();
    }
    LoadWorker& worker;
    Action action;
  };

  Next take(TimePoint now, Ticket& ticket);
  Task<> idle();
  void wake_due() noexcept;
  void wake_all() noexcept;
  void begin_measuring() noexcept;
  void end_interval() noexcept;
  void close_interval(TimePoint now);
  void time_is_up() noexcept;
  void drain_is_over() noexcept;
  void record(const Ticket& ticket, TimePoint now, const Status& status, std::size_t sent,
              std::size_t received);

  /// Of a call that is about to begin; its headers stay until the next.
  CallOptions next_options();

  Task<> lane(Channel& channel);
  Task<> streaming_lane(Channel& channel);
  Task<Status> streaming_call(Channel& channel, const Ticket& ticket, std::size_t& sent,
                              std::size_t& received);
  Task<> message_lane(Channel& channel);
  /// What a lane of messages carries from one stream to the next.
  struct MessageLane {
    Ticket ticket;
    bool pending = false;  ///< the stream owes what the ticket is for
    bool over = false;     ///< no message may begin any more
  };
  Task<Status> exchange_messages(Channel& channel, const MixedMethod& method, MessageLane& lane);
  Task<> pause_after(const Status& status);

  net::Loop& loop_;
  const CallMix& mix_;
  const LoadPlan& plan_;
  std::vector<std::unique_ptr<Channel>> channels_;
  Rotation rotation_;
  Variables variables_;
  bool change_headers_;
  Metadata headers_;
  Scope lanes_{nullptr};
  std::optional<Arrivals> arrivals_;
  IntrusiveList<IdleLane> idle_;
  Alarm due_alarm_{*this, &LoadWorker::wake_due};
  Alarm begin_alarm_{*this, &LoadWorker::begin_measuring};
  Alarm interval_alarm_{*this, &LoadWorker::end_interval};
  Alarm end_alarm_{*this, &LoadWorker::time_is_up};

  TimePoint measure_from_ = kNever;
  TimePoint stop_at_ = kNever;
  TimePoint last_end_{};
  std::uint64_t begun_ = 0;   // warm-up included
  std::uint64_t issued_ = 0;  // number of measured calls
  std::uint64_t dropped_before_ = 0;
  bool stopping_ = false;
  bool cutting_off_ = false;

  Measurement measurement_;
  Histogram interval_ok_;
  std::uint64_t interval_errors_ = 0;
  TimePoint interval_begin_{};
  IntervalQueue intervals_;
  Duration cpu_at_begin_{};
};

}  // namespace weft::cli::bench
