#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/intrusive_list.h"
#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/coro/frame/frame_pool.h"
#include "weft/coro/trace_context.h"

namespace weft {

/// A pair of the baggage that a call carries, for the calls made from it.
struct BaggageEntry {
  std::string key;
  std::string value;
  /// What W3C Baggage lets follow a value, as on the wire and without spaces: "ttl=30;private".
  /// Handed on, and otherwise without a meaning here.
  std::string properties;
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
/// It is its own hook in its parent. Every call has a Context, so rare members are behind a
/// pointer.
class Context : private CancelHook {
 public:
  using Baggage = std::vector<BaggageEntry>;

  /// A root: no deadline, no trace.
  Context() noexcept : CancelHook(&Context::parent_cancelled) {}
  /// A child of `parent` (or a root when null) that inherits everything.
  explicit Context(Context* parent);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() = default;

  TimePoint deadline() const noexcept { return deadline_.load(std::memory_order_relaxed); }
  /// Moves the deadline earlier; a later one is ignored. The timers of the loop and the transport
  /// of a call enforce it: they cancel this context when the time has come.
  void limit_deadline(TimePoint deadline) noexcept {
    if (deadline < this->deadline()) deadline_.store(deadline, std::memory_order_relaxed);
  }

  bool is_cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }
  /// OK, or why this context was cancelled: usually CANCELLED or DEADLINE_EXCEEDED.
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

  /// Key-value pairs handed on to calls made from here; looked up through the parents. A key is a
  /// token (letters, digits and !#$%&'*+-.^_`|~), a value any UTF-8. What a call cannot carry is
  /// left out when it is sent, and logged: other keys, and what goes beyond 64 pairs or 8192 bytes.
  void set_baggage(std::string_view key, std::string_view value, std::string_view properties = {});
  /// The value, or null; valid until the baggage of the context that has it changes.
  const std::string* baggage(std::string_view key) const noexcept;
  /// Calls `function(key, value)`, or `function(entry)` for one that takes a BaggageEntry, for each
  /// visible pair, nearest context first, each key once.
  template <class F>
  void for_each_baggage(F&& function) const;

  /// Starts with what came with a call: copies the trace of `carried`, and sees its baggage as if
  /// it were a parent's. `carried` must outlive this context, and may be shared by many on
  /// different threads if none changes it. Of a root, once; for transports.
  void receive(const Context& carried) {
    parent_ = &carried;
    if (carried.luggage_ != nullptr) luggage().trace = carried.luggage_->trace;
  }
  /// Whether there is a trace or baggage; a transport asks before it reads them.
  bool has_luggage() const noexcept {
    const Context* context = this;
    while (context != nullptr && context->luggage_ == nullptr) context = context->parent_;
    return context != nullptr;
  }
  /// Bytes of memory that this context's trace and baggage take, without its parents'.
  std::size_t luggage_memory() const noexcept;

 protected:
  /// A root that tells its owner, a derived class, of its cancellation before it calls its hooks:
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

  const Context* parent_ = nullptr;

  // Atomic for a handler in its UserCode, which may ask while another thread runs the loop.
  std::atomic<TimePoint> deadline_{kNever};
  Status reason_;  // does not change once cancelled_
  IntrusiveList<CancelHook> hooks_;
  std::unique_ptr<Luggage> luggage_;
  // Last, so that a derived class can use the padding.
  std::atomic<bool> cancelled_{false};
};

template <class F>
void Context::for_each_baggage(F&& function) const {
  for (const Context* context = this; context != nullptr; context = context->parent_) {
    if (context->luggage_ == nullptr) continue;
    for (const BaggageEntry& entry : context->luggage_->baggage) {
      if (baggage(entry.key) != &entry.value) continue;
      if constexpr (std::invocable<F&, const BaggageEntry&>) {
        function(entry);
      } else {
        function(entry.key, entry.value);
      }
    }
  }
}

}  // namespace weft
