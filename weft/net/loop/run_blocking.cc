#include "weft/net/loop/run_blocking.h"

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <string>

#include "weft/base/fatal.h"
#include "weft/base/log.h"
#include "weft/base/log/log_once.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/serving.h"

namespace weft::net::internal {
namespace {

// How soon a waiting thread notices that the call was cancelled for which it waits.
constexpr auto kCancelInterval = std::chrono::milliseconds(20);

void refuse_to_block(const Loop& loop) noexcept {
  if (loop.anchor()->is_parents()) {
    fatal(
        "run_blocking was called in a child of fork() for a loop that the parent runs: nothing "
        "would ever happen there. What lives on that loop, as an open stream, stays the parent's; "
        "make a new call, or start the loop after fork()");
  }
  // Blocking for another loop is the user's code, and goes on being taken for that.
  if (Loop::identity() != &loop) return;
  fatal(
      "run_blocking was called on the thread of the loop that is to run the task; it would wait "
      "for itself. co_await the task instead");
}

constinit LogOnce logged;

/// A thread whose loop is taken over meanwhile may block.
void log_blocked_loop(std::string_view of) {
  if (Loop::identity() == nullptr || Executor::in_user_code()) return;
  const Serving* const serving = Serving::current();
  std::string line = serving == nullptr || serving->path().empty()
                         ? std::string("a coroutine or callback")
                         : "the handler of " + std::string(serving->path());
  line.append(" made a blocking call").append(of.empty() ? "" : " of ").append(of);
  line.append(
      " on the thread of its loop, which delays every other call on that loop: use the "
      "client without Blocking in its name, or offload() the call");
  if (logged.is_new(line)) log(LogLevel::Warn, line);
}

/// What the waiting thread and the loop's share, on the stack of the former.
class Run {
 public:
  /// `serving`: the handler that waits, if it is one.
  Run(BlockingTask& task, Loop& loop, const Serving* serving)
      : task_(task), loop_(loop), caller_(serving == nullptr ? nullptr : &serving->context()) {
    if (caller_ == nullptr) return;
    time_left_ = serving->time_left();
    context_.receive(*caller_);
  }

  void start() {
    if (time_left_ != kForever) context_.limit_deadline(after(loop_.now(), time_left_));
    if (caller_ != nullptr && caller_->is_cancelled()) context_.cancel(caller_->cancel_reason());
    task_.start(context_, {.function = &Run::done, .argument = this});
  }
  void wait() {
    std::unique_lock lock(mutex_);
    const auto over = [this] { return done_ && !cancelling_; };
    // Who cancels the caller's context is the thread that has taken its loop over. It is not told
    // of this one, which would have to wait for that loop to say so.
    bool watching = caller_ != nullptr;
    while (watching && !condition_.wait_for(lock, kCancelInterval, over)) {
      watching = !caller_->is_cancelled();
      if (!watching) cancel();
    }
    condition_.wait(lock, over);
    if (exception_) std::rethrow_exception(std::move(exception_));
  }

 private:
  /// With the lock.
  void cancel() {
    cancelling_ = true;
    loop_.post([this, reason = Status(caller_->cancel_reason())] {
      if (!done_) context_.cancel(reason);
      const std::lock_guard lock(mutex_);
      cancelling_ = false;
      condition_.notify_one();
    });
  }
  static void done(void* argument) noexcept {
    auto& self = *static_cast<Run*>(argument);
    try {
      self.task_.finish();
    } catch (...) {
      self.exception_ = std::current_exception();
    }
    // Under the lock, since the waiter destroys this object as soon as it sees the flag.
    const std::lock_guard lock(self.mutex_);
    self.done_ = true;
    self.condition_.notify_one();
  }

  BlockingTask& task_;
  Loop& loop_;
  const Context* const caller_;  // null: none
  Context context_;
  Duration time_left_ = kForever;  // of the caller's deadline, which is of its own loop's clock
  std::exception_ptr exception_;
  std::mutex mutex_;
  std::condition_variable condition_;
  bool done_ = false;        // set on the loop's thread, with mutex_
  bool cancelling_ = false;  // cancel() has work on the loop, with mutex_
};

}  // namespace

void run_and_wait(Loop& loop, BlockingTask& task, std::string_view of) {
  refuse_to_block(loop);
  log_blocked_loop(of);
  Run run(task, loop, Serving::current());
  loop.post([&run] { run.start(); });
  run.wait();
}

}  // namespace weft::net::internal
