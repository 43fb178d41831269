#pragma once

#include <atomic>
#include <concepts>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "weft/base/catch_all.h"
#include "weft/base/function.h"
#include "weft/base/time.h"
#include "weft/net/loop/loop.h"

namespace weft::net {

/// Threads for work that blocks. They come when work finds none idle, up to a limit, and go after a
/// while without work; more work than that waits in order.
class BlockingPool {
 public:
  struct Options {
    std::size_t max_threads = 64;
    Duration idle = std::chrono::seconds(10);
    int nice = 0;  // above 0, its threads give way to others of the process
    const char* thread_name = "weft-blocking";  // at most 15 characters, as Linux wants it
  };

  BlockingPool();
  explicit BlockingPool(const Options& options);
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;
  /// Waits for all work, also for what has not begun.
  ~BlockingPool();

  /// Runs `work` on one of the threads; from any thread. `work` must not throw.
  void run(UniqueFunction<void()> work);
  /// As run(), before all that waits.
  void run_next(UniqueFunction<void()> work);
  std::size_t threads() const;
  std::size_t idle_threads() const;

 private:
  void serve();
  bool next(std::unique_lock<std::mutex>& lock);
  void wake_or_start();

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable ended_;
  std::deque<UniqueFunction<void()>> queue_;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
  bool closing_ = false;
};

/// The process's pool, started by the first use.
BlockingPool& default_blocking_pool();

/// A pool for all of a process, of static storage: made by its first use, and never destroyed, so
/// that its work does not hold up the end of the process. A child of fork(), which has none of its
/// parent's threads, makes another.
class ProcessPool {
 public:
  using MakeOptions = BlockingPool::Options() noexcept;
  constexpr explicit ProcessPool(MakeOptions* options) noexcept : options_(options) {}
  BlockingPool& get();

 private:
  MakeOptions* const options_;
  std::atomic<BlockingPool*> pool_{nullptr};
  std::atomic<std::uint32_t> generation_{0};  // of the process that made it
};

namespace internal {

/// What the awaiting coroutine and the pool's thread share. `function` and `result` belong to the
/// thread until it has posted back; all else belongs to the loop's thread.
template <class F>
struct OffloadedWork {
  using Result = std::invoke_result_t<F&>;
  using Stored = std::conditional_t<std::is_void_v<Result>, char, Result>;

  explicit OffloadedWork(F work) : function(std::in_place, std::move(work)) {}

  void run() noexcept {
    catch_all(
        [this] {
          if constexpr (std::is_void_v<Result>) {
            (*function)();
          } else {
            result.emplace((*function)());
          }
        },
        [this] { exception = std::current_exception(); });
    function.reset();
  }
  Result take() {
    if (exception) std::rethrow_exception(std::move(exception));
    if constexpr (!std::is_void_v<Result>) return std::move(*result);
  }

  std::optional<F> function;
  std::optional<Stored> result;
  std::exception_ptr exception;
  // Null once the coroutine has gone.
  std::coroutine_handle<> waiting;
};

void refuse_to_offload() noexcept;

/// A function and its arguments, kept together until they are called.
template <class F, class... Args>
struct BoundCall {
  explicit BoundCall(F given, Args... values)
      : function(std::move(given)), arguments(std::move(values)...) {}
  decltype(auto) operator()() { return std::apply(std::move(function), std::move(arguments)); }
  F function;
  std::tuple<Args...> arguments;
};

template <class F>
class [[nodiscard("co_await it: until then nothing happens")]] Offload {
 public:
  Offload(BlockingPool& pool, F function)
      : pool_(pool), work_(std::make_shared<OffloadedWork<F>>(std::move(function))) {}
  Offload(Offload&&) noexcept = default;
  ~Offload() {
    if (work_ != nullptr) work_->waiting = nullptr;
  }

  bool await_ready() {
    if (Loop::current() == nullptr) refuse_to_offload();
    // In a simulation nothing may leave the thread.
    if (!Loop::current()->is_simulated()) return false;
    work_->run();
    return true;
  }
  void await_suspend(std::coroutine_handle<> handle) {
    work_->waiting = handle;
    pool_.run([work = work_, loop = Loop::current()->anchor()]() mutable {
      work->run();
      // The result is freed on the loop's thread as well, by the last of the two there.
      loop->post([work = std::move(work)] {
        if (work->waiting) work->waiting.resume();
      });
    });
  }
  auto await_resume() { return work_->take(); }

 private:
  BlockingPool& pool_;
  std::shared_ptr<OffloadedWork<F>> work_;
};

}  // namespace internal

/// Whether a temporary F inside a co_await expression is destroyed properly. GCC 12 destroys the
/// captures of a lambda that stands there twice, which is harmless only where there is nothing to
/// destroy.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
template <class F>
inline constexpr bool kMayBeTemporaryInAwait =
    std::is_lvalue_reference_v<F> || std::is_trivially_destructible_v<std::remove_cvref_t<F>>;
#else
template <class F>
inline constexpr bool kMayBeTemporaryInAwait = true;
#endif

/// `co_await offload(function)`: runs `function` on a thread where it may block, and goes on here,
/// on the same loop, with its result or its exception. Cancelling the context does not interrupt
/// it; if the awaiting task is destroyed meanwhile, the function still runs to its end and its
/// result is dropped, so it must own what it uses.
///
/// A function that is passed by its name is copied, or moved from where it cannot be copied.
template <class F>
[[nodiscard("co_await it: until then nothing happens")]] internal::Offload<std::decay_t<F>> offload(
    BlockingPool& pool, F&& function) {
  static_assert(kMayBeTemporaryInAwait<F>,
                "GCC 12 destroys the captures of a lambda inside a co_await expression twice; name "
                "it first, auto work = [...] {...}; co_await offload(work), or pass arguments, "
                "co_await offload([](auto x) {...}, x)");
  if constexpr (std::is_constructible_v<std::decay_t<F>, F>) {
    return {pool, std::forward<F>(function)};
  } else {
    return {pool, static_cast<std::decay_t<F>&&>(function)};
  }
}
template <class F>
[[nodiscard("co_await it: until then nothing happens")]] internal::Offload<std::decay_t<F>> offload(
    F&& function) {
  return offload(default_blocking_pool(), std::forward<F>(function));
}
/// As offload(function), for `function(arguments...)`; the arguments are taken by value.
template <class F, class... Args>
  requires(sizeof...(Args) > 0 && std::invocable<std::decay_t<F>, std::decay_t<Args>...>)
[[nodiscard("co_await it: until then nothing happens")]] auto offload(F&& function,
                                                                      Args&&... arguments) {
  static_assert(kMayBeTemporaryInAwait<F>, "see offload(function)");
  using Call = internal::BoundCall<std::decay_t<F>, std::decay_t<Args>...>;
  return internal::Offload<Call>(default_blocking_pool(),
                                 Call(std::forward<F>(function), std::forward<Args>(arguments)...));
}

}  // namespace weft::net
