#include "weft/middleware/limits/concurrency_limit.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "weft/base/fork_mutex.h"
#include "weft/base/intrusive_list.h"
#include "weft/middleware/internal/unusable.h"
#include "weft/middleware/limits/internal/permits.h"
#include "weft/net/loop/wait.h"

namespace weft {
namespace {

using middleware::impossible;

/// A call that waits. Shared by its coroutine and by who wakes it from another loop.
struct Waiter : ListNode, std::enable_shared_from_this<Waiter> {
  Waiter(net::Loop& where, net::Wait& what) : loop(where), anchor(where.anchor()), wait(&what) {}
  net::Loop& loop;
  std::shared_ptr<net::LoopAnchor> anchor;
  net::Wait* wait;       // null when the coroutine is gone; of its own loop
  bool granted = false;  // under the mutex

  /// Under no lock: the loop's own thread may have to wait for its loop.
  void wake() {
    if (net::Loop::current() == &loop) return wait->complete();
    anchor->post([self = shared_from_this()] {
      if (self->wait != nullptr) self->wait->complete();
    });
  }
};

/// The limit and who waits for it.
class Limit {
 public:
  explicit Limit(const ConcurrencyLimitOptions& options)
      : options_(options),
        refusal_(unavailable(std::to_string(options.limit) +
                             " calls are under way, which is the limit "
                             "(ConcurrencyLimitOptions::limit)" +
                             (options.queue == 0
                                  ? std::string()
                                  : ", and " + std::to_string(options.queue) + " wait (queue)"))),
        timeout_(unavailable(std::to_string(options.limit) +
                             " calls are under way, which is the limit "
                             "(ConcurrencyLimitOptions::limit), and the call waited for " +
                             to_string(options.queue_timeout) + " (queue_timeout)")) {}

  const ConcurrencyLimitOptions& options() const noexcept { return options_; }
  const Status& refusal() const noexcept { return refusal_; }
  const Status& timeout() const noexcept { return timeout_; }

  bool try_take() noexcept { return waiting_.load() == 0 && permits_.try_take(options_.limit); }
  void give_back() {
    permits_.give_back();
    if (waiting_.load() != 0) [[unlikely]]
      grant();
  }

  enum class Joined : std::uint8_t { Granted, Waiting, Full };
  Joined join(Waiter& waiter) {
    const std::scoped_lock lock(mutex_);
    if (waiting_.load() >= options_.queue) return Joined::Full;
    // Counted before the last look at what is free: see Permits.
    waiting_.fetch_add(1);
    if (queue_.empty() && permits_.try_take(options_.limit)) {
      waiting_.fetch_sub(1);
      waiter.granted = true;
      return Joined::Granted;
    }
    queue_.push_back(waiter);
    return Joined::Waiting;
  }
  /// Stops waiting; whether it has been granted a permit.
  bool leave(Waiter& waiter) {
    const std::scoped_lock lock(mutex_);
    if (waiter.linked()) {
      waiter.unlink();
      waiting_.fetch_sub(1);
    }
    return waiter.granted;
  }

 private:
  /// Gives what is free to those who have waited longest.
  void grant() {
    while (std::shared_ptr<Waiter> first = grant_first()) first->wake();
  }
  std::shared_ptr<Waiter> grant_first() {
    const std::scoped_lock lock(mutex_);
    if (queue_.empty() || !permits_.try_take(options_.limit)) return nullptr;
    Waiter* const first = queue_.pop_front();
    waiting_.fetch_sub(1);
    first->granted = true;
    return first->shared_from_this();
  }

  const ConcurrencyLimitOptions options_;
  const Status refusal_;
  const Status timeout_;
  middleware::Permits permits_;
  std::atomic<std::size_t> waiting_{0};
  ForkMutex mutex_;
  IntrusiveList<Waiter> queue_;
};

/// A call's place in the queue, given up where its coroutine is destroyed.
class Place {
 public:
  Place(Limit& limit, net::Loop& loop)
      : limit_(limit),
        wait_(loop, after(loop.now(), limit.options().queue_timeout)),
        waiter_(std::make_shared<Waiter>(loop, wait_)) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    if (joined_ && leave()) limit_.give_back();
  }

  Limit::Joined join() {
    const Limit::Joined joined = limit_.join(*waiter_);
    joined_ = joined != Limit::Joined::Full;
    return joined;
  }
  net::Wait& wait() noexcept { return wait_; }
  /// Whether a permit came; it is the caller's to give back.
  bool leave() {
    joined_ = false;
    waiter_->wait = nullptr;
    return limit_.leave(*waiter_);
  }

 private:
  Limit& limit_;
  net::Wait wait_;
  std::shared_ptr<Waiter> waiter_;
  bool joined_ = false;
};

struct ConcurrencyLimit {
  std::shared_ptr<Limit> limit;

  Task<Status> operator()(Call& call, Next next) const {
    if (limit->try_take()) return run(*limit, call, next);
    if (limit->options().queue != 0) return run_later(*limit, call, next);
    tell_of(*limit, call, "rejected");
    return Status(limit->refusal());
  }

 private:
  static void tell_of(const Limit& limit, const Call& call, std::string_view event,
                      std::int64_t value = 0) {
    tell(limit.options().observer,
         {.policy = "concurrency", .event = event, .path = call.path(), .value = value});
  }

  static Task<Status> run(Limit& limit, Call& call, Next next) {
    const middleware::Held held(limit);
    co_return co_await next(call);
  }

  static Task<Status> run_later(Limit& limit, Call& call, Next next) {
    const TimePoint begun = call.loop().now();
    Status waited;
    bool granted = false;
    {
      Place place(limit, call.loop());
      const Limit::Joined joined = place.join();
      if (joined == Limit::Joined::Full) {
        tell_of(limit, call, "rejected");
        co_return Status(limit.refusal());
      }
      if (joined == Limit::Joined::Waiting) {
        tell_of(limit, call, "queued");
        waited = co_await place.wait();
      }
      granted = place.leave();
    }
    if (!granted) {
      if (!waited.ok()) co_return waited;
      tell_of(limit, call, "timed_out");
      co_return Status(limit.timeout());
    }
    const middleware::Held held(limit);
    if (!waited.ok()) co_return waited;
    tell_of(limit, call, "dequeued", (call.loop().now() - begun).count());
    co_return co_await next(call);
  }
};

}  // namespace

Status validate(const ConcurrencyLimitOptions& options) {
  if (options.limit == 0) {
    return impossible("ConcurrencyLimitOptions::limit", "0",
                      "must be at least 1, or no call would ever pass");
  }
  if (options.queue != 0 && options.queue_timeout <= Duration::zero()) {
    return impossible("ConcurrencyLimitOptions::queue_timeout", to_string(options.queue_timeout),
                      "must be more than 0 where there is a queue");
  }
  return {};
}

Middleware concurrency_limit(ConcurrencyLimitOptions options) {
  Status valid = validate(options);
  if (!valid.ok()) return middleware::unusable(std::move(valid));
  return ConcurrencyLimit{std::make_shared<Limit>(options)};
}

Middleware concurrency_limit(std::size_t limit) {
  ConcurrencyLimitOptions options;
  options.limit = limit;
  return concurrency_limit(options);
}

}  // namespace weft
