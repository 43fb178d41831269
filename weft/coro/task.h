#pragma once

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "weft/coro/context.h"
#include "weft/coro/executor.h"
#include "weft/coro/frame/frame_pool.h"

namespace weft {

template <class T = void>
class Task;

namespace coro {

template <class T>
class ResultInPlace;
template <class T>
class SmallTask;

/// Called when a started root task has ended; it may destroy the task.
struct DoneCallback {
  void (*function)(void* argument) noexcept = nullptr;
  void* argument = nullptr;
};

/// The result of an awaitable's `operator co_await`, if it has one.
template <class A>
decltype(auto) awaiter_of(A&& awaitable) {
  if constexpr (requires { static_cast<A&&>(awaitable).operator co_await(); }) {
    return static_cast<A&&>(awaitable).operator co_await();
  } else if constexpr (requires { operator co_await(static_cast<A&&>(awaitable)); }) {
    return operator co_await(static_cast<A&&>(awaitable));
  } else {
    return static_cast<A&&>(awaitable);
  }
}

template <class A>
concept Awaiter = requires(std::remove_reference_t<A>& awaiter) {
  awaiter.await_ready();
  awaiter.await_resume();
};
/// What `co_await` takes.
template <class A>
concept Awaitable = Awaiter<decltype(awaiter_of(std::declval<A>()))>;
template <class T>
inline constexpr bool kIsTask = false;
template <class T>
inline constexpr bool kIsTask<Task<T>> = true;

/// The awaiter that await_transform() gives for an awaitable. It only refers to what is awaited:
/// GCC 12 copies an awaiter that is given by reference.
template <class A>
class Awaiting {
 public:
  explicit Awaiting(A&& awaitable) : awaiter_(awaiter_of(static_cast<A&&>(awaitable))) {}
  bool await_ready() { return awaiter_.await_ready(); }
  template <class P>
  auto await_suspend(std::coroutine_handle<P> handle) {
    return awaiter_.await_suspend(handle);
  }
  decltype(auto) await_resume() { return awaiter_.await_resume(); }

 private:
  decltype(awaiter_of(std::declval<A&&>())) awaiter_;
};

class PromiseBase : public Pooled {
 public:
  std::suspend_always initial_suspend() noexcept { return {}; }
  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
      const DoneCallback next = self.promise().next_;
      if (next.function == nullptr) {
        return next.argument == nullptr ? std::noop_coroutine()
                                        : std::coroutine_handle<>::from_address(next.argument);
      }
      // The frame may be gone once the callback returns.
      next.function(next.argument);
      return std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }

  /// Whatever a coroutine awaits belongs to the executor, so a UserCode ends here. A Task is not
  /// awaited in that sense but goes on in its own code.
  template <class A>
  auto await_transform(A&& awaitable) {
    if constexpr (Awaitable<A>) {
      Executor::leave_user_code();
      return Awaiting<A>(static_cast<A&&>(awaitable));
    } else {
      static_assert(kIsTask<std::remove_cvref_t<A>> || Awaitable<A>,
                    "this is a value already and needs no co_await: a blocking client or stream "
                    "returns its result itself, after it has blocked the thread; in a coroutine "
                    "use the client without Blocking in its name");
      static_assert(!kIsTask<std::remove_cvref_t<A>>,
                    "a Task that has a name is awaited once, and given up: co_await "
                    "std::move(task)");
      return std::suspend_never();
    }
  }
  template <class T>
  auto await_transform(Task<T>&& task) noexcept {
    return typename Task<T>::Awaiter(task);
  }
  template <class T>
  ResultInPlace<T> await_transform(ResultInPlace<T> result) noexcept {
    return result;
  }

  Context* context() const noexcept { return context_; }

 protected:
  template <class T>
  friend class weft::Task;
  template <class T>
  friend class SmallTask;
  friend struct MovedFromFrame;
  /// Whether the task has been started or awaited, and not been done at once.
  bool taken() const noexcept { return next_.argument != nullptr || next_.function != nullptr; }
  /// Not inline, since every await of a task has it.
  [[noreturn]] static void rethrow(std::exception_ptr& exception);
  /// `done`: the coroutine has ended, without a result; else somebody did not wait for that.
  [[noreturn, gnu::cold]] static void missing_result(bool done);
  Context* context_ = nullptr;
  // What happens at the end: without a function, the coroutine at the argument's address goes on.
  DoneCallback next_;
};

template <class T>
class Promise final : public PromiseBase {
 public:
  Promise() noexcept {}
  ~Promise() { forget(); }
  Task<T> get_return_object() noexcept {
    return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
  }
  /// The default lets `co_return {...}` make a T.
  template <class U = T>
    requires std::convertible_to<U, T>
  void return_value(U&& value) {
    new (&value_) T(std::forward<U>(value));
    state_ = State::Value;
  }
  [[gnu::cold, gnu::noinline]] void unhandled_exception() noexcept {
    forget();  // something may be thrown after a value was returned
    new (&exception_) std::exception_ptr(std::current_exception());
    state_ = State::Exception;
  }
  T take() { return std::move(value()); }
  T& value() {
    if (state_ != State::Value) [[unlikely]]
      no_value();
    return value_;
  }

 private:
  enum class State : std::uint8_t { Running, Value, Exception };
  [[noreturn, gnu::cold, gnu::noinline]] void no_value() {
    if (state_ == State::Exception) rethrow(exception_);
    missing_result(std::coroutine_handle<Promise>::from_promise(*this).done());
  }
  void forget() noexcept {
    if (state_ == State::Value) value_.~T();
    if (state_ == State::Exception) [[unlikely]]
      exception_.~exception_ptr();
  }

  // One place for both, since every frame has it.
  union {
    T value_;
    std::exception_ptr exception_;
  };
  State state_ = State::Running;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  inline Task<void> get_return_object() noexcept;
  [[gnu::cold, gnu::noinline]] void unhandled_exception() noexcept {
    exception_ = std::current_exception();
  }
  void return_void() noexcept {}
  void take() {
    if (exception_) [[unlikely]]
      rethrow(exception_);
  }

 private:
  std::exception_ptr exception_;
};

/// What a coroutine ends with that has a result to give and flows off its end. The awaiting
/// coroutine gets it like any exception that the coroutine throws.
class MissingResult final : public std::exception {
 public:
  const char* what() const noexcept override;
};

/// Ends the program: a task that cannot run was awaited or started. `done`: it has ended.
[[noreturn, gnu::cold]] void awaited_again(std::coroutine_handle<> task) noexcept;
/// Ends the program: the task was moved from, or its value has been taken.
[[noreturn, gnu::cold]] void value_gone() noexcept;

/// In the place of a value where there is none.
struct NoValue {
  void reset() noexcept {}
};

/// What a Task<void> has in the place of its frame once it was moved from, since without a frame it
/// would be done: a frame that counts as awaited.
struct MovedFromFrame;
extern MovedFromFrame moved_from_frame;

/// The value of a task that was made of one.
template <class T>
using ReadyValue = std::conditional_t<std::is_void_v<T>, NoValue, std::optional<T>>;

/// The context of the awaiting coroutine, where it has one.
template <class P>
Context* context_of(std::coroutine_handle<P> handle) noexcept {
  if constexpr (std::derived_from<P, PromiseBase>) {
    return handle.promise().context();
  } else {
    return nullptr;
  }
}

struct [[nodiscard("co_await it: until then nothing happens")]] CurrentContext {
  Context* context = nullptr;
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) noexcept {
    context = context_of(handle);
    return false;
  }
  Context* await_resume() const noexcept { return context; }
};

}  // namespace coro

/// A coroutine and its future result: lazy (it runs when awaited or started), move-only, awaited at
/// most once.
///
/// A Task runs on the executor of the coroutine that awaits it and inherits its Context. A Task
/// that is destroyed before its end destroys its frame, and with it everything it awaits. A plain
/// function may return a Task by returning the value: no coroutine frame is made for it. A
/// default-made Task<void> is done already. To await or start one twice, or one that was moved
/// from, ends the program with a message. A coroutine that ends without `co_return` of its result
/// throws coro::MissingResult.
template <class T>
class [[nodiscard("co_await the Task, or start it: until then nothing of it runs")]] Task {
  static_assert(!std::is_reference_v<T>, "give a pointer instead");

 public:
  using promise_type = coro::Promise<T>;
  using value_type = T;

  Task() noexcept
    requires std::is_void_v<T>
  = default;
  /// A task that is done already.
  template <class U>
    requires(std::convertible_to<U, T> && !std::same_as<std::remove_cvref_t<U>, Task>)
  Task(U&& value) : value_(std::in_place, std::forward<U>(value)) {}
  Task(Task&& other) noexcept
      : handle_(std::exchange(other.handle_, moved_from())), value_(std::move(other.value_)) {
    other.value_.reset();
  }
  Task& operator=(Task other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(value_, other.value_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  /// Runs in `context` instead of the awaiter's; the context must outlive the task.
  [[nodiscard("co_await it: until then nothing happens")]] Task&& in(Context& context) && noexcept {
    if (handle_) handle_.promise().context_ = &context;
    return std::move(*this);
  }

  /// Starts the task as a root: it runs now, until it first suspends, and `done` is called at its
  /// end (perhaps before this returns). The task object must stay where it is until then; take()
  /// gives the result.
  void start(Context* context, coro::DoneCallback done) {
    const NestedCode nested;
    start_at_top(context, done);
  }
  /// As start(), for a Runnable that does nothing after it: its handler may be taken over.
  void start_at_top(Context* context, coro::DoneCallback done) {
    if (!handle_) {
      done.function(done.argument);
      return;
    }
    refuse_twice();
    if (handle_.promise().context_ == nullptr) handle_.promise().context_ = context;
    handle_.promise().next_ = done;
    handle_.resume();
  }
  bool done() const noexcept { return !handle_ || handle_.done(); }
  /// The result of a task that is done; rethrows what the coroutine threw.
  T take() {
    if (handle_) return handle_.promise().take();
    if constexpr (!std::is_void_v<T>) {
      if (!value_.has_value()) [[unlikely]]
        coro::value_gone();
      T value = *std::move(value_);
      value_.reset();
      return value;
    }
  }

  /// `co_await task.in_place()`: as awaiting the task, but gives its result where it lies, as long
  /// as the task does: for results that are large beside the frame that would keep them.
  [[nodiscard("co_await it: until then nothing happens")]] coro::ResultInPlace<T>
  in_place() & noexcept {
    return coro::ResultInPlace<T>(*this);
  }
  /// The result of a task that is done, where it lies; rethrows what the coroutine threw.
  auto& result() {
    if (handle_) return handle_.promise().value();
    if (!value_.has_value()) [[unlikely]]
      coro::value_gone();
    return *value_;
  }

  // The child is resumed from await_suspend rather than by symmetric transfer: one that completes
  // at once then costs no suspension, and a loop over such children cannot grow the stack in builds
  // where GCC makes no tail call of a transfer (GCC bug 100897).
  class [[nodiscard("co_await it: until then nothing happens")]] Awaiter {
   public:
    explicit Awaiter(Task& task) noexcept : task_(task) {}
    bool await_ready() const noexcept { return !task_.handle_; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> parent) {
      task_.refuse_twice();
      auto& promise = task_.handle_.promise();
      if (promise.context_ == nullptr) promise.context_ = coro::context_of(parent);
      task_.handle_.resume();
      if (task_.handle_.done()) return false;
      promise.next_.argument = parent.address();
      return true;
    }
    T await_resume() { return task_.take(); }

   protected:
    Task& task_;
  };
  /// For coroutines that are not Tasks.
  Awaiter operator co_await() && noexcept { return Awaiter(*this); }

 private:
  friend promise_type;
  friend class coro::SmallTask<T>;
  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  /// With a handle: a task that runs, or has run, is not to be resumed by another.
  void refuse_twice() const noexcept {
    if (handle_.promise().taken() || handle_.done()) [[unlikely]]
      coro::awaited_again(handle_);
  }
  /// Without a handle a Task<void> is done.
  static std::coroutine_handle<promise_type> moved_from() noexcept {
    if constexpr (std::is_void_v<T>) {
      return std::coroutine_handle<promise_type>::from_address(&coro::moved_from_frame);
    } else {
      return nullptr;
    }
  }

  std::coroutine_handle<promise_type> handle_;
  [[no_unique_address]] coro::ReadyValue<T> value_;
};

/// What Task::in_place() gives to be awaited.
template <class T>
class coro::ResultInPlace : public Task<T>::Awaiter {
 public:
  explicit ResultInPlace(Task<T>& task) noexcept : Task<T>::Awaiter(task) {}
  T& await_resume() { return this->task_.result(); }
};

inline Task<void> coro::Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

/// `co_await current_context()`: the Context this coroutine runs in, or null outside any.
[[nodiscard("co_await it: until then nothing happens")]] inline coro::CurrentContext
current_context() noexcept {
  return {};
}

}  // namespace weft
