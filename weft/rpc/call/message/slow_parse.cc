#include "weft/rpc/call/message/slow_parse.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <mutex>
#include <thread>
#include <typeinfo>

#include <google/protobuf/message_lite.h>

#include "weft/base/catch_all.h"
#include "weft/base/fork_mutex.h"
#include "weft/base/intrusive_list.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/offload.h"

namespace weft::rpc {

using google::protobuf::MessageLite;

namespace {

/// How many such messages there are at once that have become objects but are not with their calls
/// yet, whose memory is counted there. Few: each may be 4 MiB that take 30 times as much.
std::size_t slots() noexcept { return std::clamp(std::thread::hardware_concurrency() / 4, 1U, 4U); }

constinit net::ProcessPool pool([]() noexcept {
  // They give way to the loops, where there are fewer cores than threads.
  return net::BlockingPool::Options{.max_threads = slots(),
                                    .idle = std::chrono::seconds(1),
                                    .nice = 10,
                                    .thread_name = "weft-parse"};
});

/// Objects that wait for a thread to destroy them. Nobody counts their memory any more.
class Dying {
 public:
  constexpr Dying() noexcept = default;
  /// What is parsed now has to wait until they are gone, or memory would be taken once more.
  bool are_many() const noexcept {
    return count_.load(std::memory_order_relaxed) > 2 * slots() &&
           generation_.load(std::memory_order_relaxed) == fork_generation();
  }
  void add(std::unique_ptr<MessageLite> object) {
    // A parent's are not destroyed here.
    if (generation_.exchange(fork_generation(), std::memory_order_relaxed) != fork_generation()) {
      count_ = 0;
    }
    Object dying(*this, std::move(object));
    // Before what is to be parsed, which will take as much memory again.
    pool.get().run_next([it = std::move(dying)]() mutable { const Object gone = std::move(it); });
  }

 private:
  class Object {
   public:
    Object(Dying& counted, std::unique_ptr<MessageLite> object) noexcept
        : object_(std::move(object)), counted_(&counted) {
      ++counted.count_;
    }
    Object(Object&& from) noexcept
        : object_(std::move(from.object_)), counted_(std::exchange(from.counted_, nullptr)) {}
    Object& operator=(Object&&) = delete;
    ~Object() {
      object_.reset();
      if (counted_ != nullptr) --counted_->count_;
    }

   private:
    std::unique_ptr<MessageLite> object_;
    Dying* counted_;
  };

  std::atomic<std::size_t> count_ = 0;
  std::atomic<std::uint32_t> generation_ = 0;
};

constinit Dying dying;

/// What the loop may take for a message of `bytes` bytes: `longest`, and beyond that what copying
/// it may take, or parsing messages in messages with short texts, which is some 8 ns a byte, for
/// up to kMostForNested.
Duration time_on_loop(std::size_t bytes, Duration longest) noexcept {
  constexpr Duration kMostForNested = std::chrono::microseconds(750);
  constexpr std::int64_t kNestedByte = 8;  // nanoseconds
  const Duration copied = std::chrono::microseconds(bytes / SlowParse::kBytesPerMicrosecond);
  const Duration nested = std::chrono::nanoseconds(kNestedByte * static_cast<std::int64_t>(bytes));
  return longest + std::max(copied, std::min(nested, kMostForNested));
}

/// How long messages of a type took of late, for each byte.
class Pace {
 public:
  /// Of `of`'s type on this thread; of another, once there are too many.
  static Pace& of(const MessageLite& object) noexcept {
    thread_local std::array<Pace, 16> paces;
    const std::type_info& type = typeid(object);
    Pace& pace = paces[type.hash_code() % paces.size()];
    if (pace.type_ != &type) pace = Pace(&type);
    return pace;
  }
  Pace() noexcept = default;

  Duration expected(std::size_t bytes) const noexcept {
    return Duration(static_cast<Duration::rep>(nanos_ * static_cast<double>(bytes)));
  }
  void note(std::size_t bytes, Duration took) noexcept {
    const double now = static_cast<double>(took / Duration(1)) / static_cast<double>(bytes);
    nanos_ = nanos_ == 0 ? now : nanos_ + (now - nanos_) / 4;
  }

 private:
  explicit Pace(const std::type_info* type) noexcept : type_(type) {}
  const std::type_info* type_ = nullptr;
  double nanos_ = 0;  // for a byte; 0: none so far
};

/// Reached when the loop's time for a message is over. What is parsed fast is looked at less often.
class LoopTime final : public codec::ParseLimit {
 public:
  LoopTime(net::Loop& loop, Duration longest) noexcept
      : loop_(loop), began_(loop.now()), longest_(longest) {}
  std::size_t next_step(std::size_t done) noexcept override {
    done_ = done;
    const Duration took = this->took();
    if (took > time_on_loop(done, longest_)) return 0;
    // About what an eighth of the time is enough for.
    const auto eighth = static_cast<std::size_t>(longest_ / 8 / Duration(1));
    const auto so_far = static_cast<std::size_t>(std::max(took, Duration(1)) / Duration(1));
    return std::clamp(done * eighth / so_far, kFirstStep, 16 * kFirstStep);
  }
  /// Bytes that were parsed before the last step.
  std::size_t done() const noexcept { return done_; }
  Duration took() const noexcept { return loop_.now() - began_; }

 private:
  net::Loop& loop_;
  const TimePoint began_;
  const Duration longest_;
  std::size_t done_ = 0;
};

/// Of this thread, which others may have kept from its core meanwhile.
Duration used_cpu() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

/// `waiter` and `done` belong to the loop; `begun` to the Queue; all else to the thread from the
/// beginning of its work until it has posted back.
struct SlowParse::Work : ListNode, std::enable_shared_from_this<Work> {
  Work(const Message& given, const MessageLite& of, net::Loop& loop)
      : message(given.owned()), object(of.New()), anchor(loop.anchor()) {}
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  ~Work();
  void run() noexcept {
    const Duration before = used_cpu();
    status = codec::parse(message, *object);
    took = used_cpu() - before;
    memory = codec::memory_of(*object);
  }
  void end() noexcept {
    done = true;
    if (object != nullptr) Pace::of(*object).note(message.size(), took);
    wake();
  }
  /// In a turn of its own: what a handler does with so large a message takes a while, and so does
  /// the end of a call that has one.
  void wake() noexcept {
    if (waiter != nullptr) anchor->loop()->ready_alone(*std::exchange(waiter, nullptr));
  }

  Message message;
  std::unique_ptr<MessageLite> object;
  std::shared_ptr<net::LoopAnchor> anchor;
  Status status;
  std::size_t memory = 0;
  Duration took{};
  Waiter* waiter = nullptr;
  bool done = false;
  bool begun = false;
  const std::uint32_t generation = fork_generation();
};

/// Those that have begun and are not gone, and those that wait in the order of their coming.
class SlowParse::Queue {
 public:
  constexpr Queue() noexcept = default;
  void add(const std::shared_ptr<Work>& work) {
    const std::lock_guard lock(mutex_);
    // The threads of a parent, which worked on some, are not here.
    if (std::exchange(generation_, fork_generation()) != fork_generation()) begun_ = 0;
    if (begun_ < slots()) {
      begin(work);
    } else {
      waiting_.push_back(*work);
    }
  }
  /// Its call does not wait for it any more.
  void forget(Work& work) noexcept {
    const std::lock_guard lock(mutex_);
    work.unlink();
  }
  /// Its object is with its call, or destroyed.
  void end(const Work& work) noexcept {
    const std::lock_guard lock(mutex_);
    if (!work.begun || work.generation != generation_) return;
    --begun_;
    if (Work* const next = waiting_.pop_front()) begin(next->shared_from_this());
  }

 private:
  void begin(const std::shared_ptr<Work>& work) noexcept {
    work->begun = true;
    ++begun_;
    catch_all(
        [&] {
          pool.get().run([work]() mutable {
            work->run();
            give_back(std::move(work));
          });
        },
        [&] {
          work->status = resource_exhausted("there is no thread to parse the message");
          give_back(work);
        });
  }
  /// Its bytes are freed on the loop's thread as well, by the last of the two there.
  static void give_back(std::shared_ptr<Work> work) noexcept {
    // Not the work's own: where the loop has ended the work goes within post().
    const std::shared_ptr<net::LoopAnchor> anchor = work->anchor;
    anchor->post([work = std::move(work)] { work->end(); });
  }

  ForkMutex mutex_;
  IntrusiveList<Work> waiting_;
  std::size_t begun_ = 0;
  std::uint32_t generation_ = 0;
};

SlowParse::Queue& SlowParse::queue() noexcept {
  static constinit NeverDestroyed<Queue> queue;
  return queue.object;
}

SlowParse::Work::~Work() {
  if (object != nullptr) destroy_elsewhere(object.release());
  if (begun) queue().end(*this);
}

std::optional<Status> SlowParse::try_parse(const Message& message, MessageLite& into,
                                           std::unique_ptr<SlowParse>& slow) {
  if (message.size() <= kNeverSlow) return codec::parse(message, into);
  net::Loop* const loop = net::Loop::current();
  if (loop == nullptr || loop->is_simulated()) return codec::parse(message, into);
  Pace& pace = Pace::of(into);
  // Those before it show that it would be parsed in vain.
  const bool is_slow = pace.expected(message.size()) > time_on_loop(message.size(), longest_);
  if (!is_slow && !dying.are_many()) [[likely]] {
    LoopTime limit(*loop, longest_);
    std::optional<Status> status = codec::parse_within(limit, message, into);
    pace.note(status ? message.size() : limit.done(), limit.took());
    if (status) return status;
  }
  const auto work = std::make_shared<Work>(message, into, *loop);
  slow.reset(new SlowParse(work));
  queue().add(work);
  return std::nullopt;
}

SlowParse::~SlowParse() {
  work_->waiter = nullptr;
  queue().forget(*work_);
}

void SlowParse::wait(Waiter& waiter, Context& context) noexcept {
  work_->waiter = &waiter;
  if (work_->done || !context.add_hook(*this)) work_->wake();
}

void SlowParse::on_cancelled(CancelHook& hook, const Status&) noexcept {
  static_cast<SlowParse&>(hook).work_->wake();
}

bool SlowParse::done() const noexcept { return work_->done; }

Status& SlowParse::status() noexcept { return work_->status; }

std::size_t SlowParse::size() const noexcept { return work_->message.size(); }

MessageLite* SlowParse::take() noexcept { return work_->object.release(); }

void SlowParse::hold(MessageReader& reader) const {
  const std::size_t memory = done() ? work_->memory : size();
  reader.hold(&memory, [](const void* it) { return *static_cast<const std::size_t*>(it); });
}

void destroy_elsewhere(MessageLite* message) noexcept {
  std::unique_ptr<MessageLite> owned(message);
  net::Loop* const loop = net::Loop::current();
  if (loop == nullptr || loop->is_simulated()) return;
  catch_all([&] { dying.add(std::move(owned)); }, [] {});
}

void run_after_destroying(UniqueFunction<void()> work) { pool.get().run(std::move(work)); }

}  // namespace weft::rpc
