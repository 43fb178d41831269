#pragma once

#include <cstddef>

#include "weft/base/intrusive_list.h"
#include "weft/base/status.h"
#include "weft/coro/context.h"
#include "weft/coro/frame/waiter.h"
#include "weft/coro/task.h"

namespace weft {

/// Concurrent children that end before it does: structured concurrency.
///
/// The children run in a Context of the scope, a child of the parent's, so that cancelling the
/// parent cancels them. A child's failure is kept and does not end the others: call cancel() for
/// that. Whoever makes a Scope joins it on every path; destroying it while children run ends the
/// program with a message. Belongs to one thread.
class Scope {
 public:
  /// Null: a root, cancelled by cancel() only.
  explicit Scope(Context* parent) noexcept : context_(parent) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();

  /// Starts `task` at once: it runs until it first suspends. An exception it ends with becomes
  /// INTERNAL; its text is logged and not part of the status. Also a cancelled scope starts it.
  void spawn(Task<void> task);
  void spawn(Task<Status> task);

  /// Waits until no child runs, also through a cancellation, which reaches the children.
  Task<> join();
  /// Cancels the children; `reason` must not be OK.
  void cancel(const Status& reason) noexcept { context_.cancel(reason); }

  Context& context() noexcept { return context_; }
  /// How many children run.
  std::size_t running() const noexcept { return running_; }
  /// OK, or how the first child that failed ended.
  const Status& status() const noexcept { return status_; }

 private:
  template <class T>
  struct Child;
  template <class T>
  void start(Task<T> task);
  void child_ended(const Status& status) noexcept;

  Context context_;
  Status status_;
  std::size_t running_ = 0;
  coro::WaiterList joining_;
};

}  // namespace weft
