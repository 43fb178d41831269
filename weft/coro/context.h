#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/base/intrusive_list.h"
#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/coro/frame_pool.h"

namespace weft {

/// W3C Trace Context identifiers; all zero means "no trace".
struct TraceContext {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  std::uint8_t flags = 0;
};

/// What is called when a Context is cancelled, once, on the context's thread. Unlinks itself when
/// destroyed. `cancelled` usually makes a coroutine ready; it may destroy this hook, others, and
/// the context.
class CancelHook : public ListNode {
 public:
  using Function = void (*)(CancelHook&, const Status& reason) noexcept;
  explicit CancelHook(Function function) noexcept : cancelled(function) {}
  Function cancelled;
};

/// What travels with a Task and everything it awaits: the deadline, cancellation, trace and
/// baggage.
///
/// Contexts form a tree: a child starts with its parent's deadline and trace, and cancelling a
/// context cancels the children it has. A deadline that a parent gets later reaches its children by
/// that cancellation. A context belongs to one thread, but for deadline(), is_cancelled() and
/// cancel_reason(), must outlive the tasks that run in it, and a parent must outlive its children.
///
/// It is its own hook in its parent. Every call has one of these, so what only some need is behind
/// a pointer.
class Context : private CancelHook {
 public:
  using Baggage = std::vector<std::pair<std::string, std::string>>;

  /// A root: no deadline, no trace.
  Context() noexcept : CancelHook(&Context::parent_cancelled) {}
  /// A child of `parent` (or a root when null) that inherits everything.
  explicit Context(Context* parent);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() = default;

  TimePoint deadline() const noexcept { return deadline_.load(std::memory_order_relaxed); }
  /// Moves the deadline earlier; a later one is ignored. It is enforced by whoever waits (timers of
  /// the loop, the transport of a call), which cancels this context when the time has come.
  void limit_deadline(TimePoint deadline) noexcept {
    if (deadline < this->deadline()) deadline_.store(deadline, std::memory_order_relaxed);
  }

  bool is_cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }
  /// OK, or why this context was cancelled: CANCELLED or DEADLINE_EXCEEDED as a rule.
  const Status& cancel_reason() const noexcept { return is_cancelled() ? reason_ : kNotCancelled; }
  /// Cancels this context and its children; the first reason stays. `reason` must not be OK.
  void cancel(const Status& reason) noexcept;

  /// Leaves the tree: the parent may go first from now on. The deadline stays, baggage of the
  /// parents is no longer seen.
  void orphan() noexcept {
    CancelHook::unlink();
    parent_ = nullptr;
  }

  /// Calls `hook` when this context is cancelled; if it is already, nothing is linked and false is
  /// returned, so that the caller acts at once.
  [[nodiscard]] bool add_hook(CancelHook& hook) noexcept {
    if (is_cancelled()) return false;
    hooks_.push_back(hook);
    return true;
  }

  /// To be changed; const takes no memory where there is none.
  TraceContext& trace() { return luggage().trace; }
  const TraceContext& trace() const noexcept {
    return luggage_ == nullptr ? kNoTrace : luggage_->trace;
  }

  /// Key-value pairs handed on to calls made from here; looked up through the parents.
  void set_baggage(std::string_view key, std::string_view value);
  /// The value, or null; valid until the baggage of the context that has it changes.
  const std::string* baggage(std::string_view key) const noexcept;
  /// Calls `function(key, value)` for each visible pair, nearest context first, each key once.
  template <class F>
  void for_each_baggage(F&& function) const;

 protected:
  /// A root whose owner, who derives from it, is told of its cancellation, before its hooks are:
  /// `told` gets this context's own hook, which a root has no other use for; see of().
  explicit Context(CancelHook::Function told) noexcept : CancelHook(told) {
    hooks_.push_back(*this);
  }
  static Context& of(CancelHook& hook) noexcept { return static_cast<Context&>(hook); }

 private:
  struct Luggage : coro::Pooled {
    TraceContext trace;
    Baggage baggage;
  };
  static void parent_cancelled(CancelHook& hook, const Status& reason) noexcept {
    static_cast<Context&>(hook).cancel(reason);
  }
  Luggage& luggage() {
    if (luggage_ == nullptr) luggage_ = std::make_unique<Luggage>();
    return *luggage_;
  }

  inline static const Status kNotCancelled;
  inline static const TraceContext kNoTrace;

  Context* parent_ = nullptr;

  // Atomic for a handler in its UserCode, which may ask while another thread runs the loop.
  std::atomic<TimePoint> deadline_{kNever};
  Status reason_;  // does not change once cancelled_
  IntrusiveList<CancelHook> hooks_;
  std::unique_ptr<Luggage> luggage_;
  // Last, so that who derives from this has room behind it.
  std::atomic<bool> cancelled_{false};
};

template <class F>
void Context::for_each_baggage(F&& function) const {
  for (const Context* context = this; context != nullptr; context = context->parent_) {
    if (context->luggage_ == nullptr) continue;
    for (const auto& [key, value] : context->luggage_->baggage) {
      if (baggage(key) == &value) function(key, value);
    }
  }
}

}  // namespace weft
