#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>

#include "weft/net/loop/asio_loop.h"

namespace weft::net {

/// Makes any Asio operation awaitable in a Task on an AsioLoop:
///
///     auto [error, size] = co_await socket.async_read_some(buffer, weft::net::use_await);
///
/// The result is what the operation's handler would get: a tuple, one value, or nothing. Errors
/// come as values. The operation begins when it is awaited, and the coroutine goes on in a turn of
/// its loop. Cancelling the Context does not end the operation: close or cancel the I/O object.
/// When the awaiting task is destroyed, what the operation still uses must live until it has ended.
struct UseAwait {};
inline constexpr UseAwait use_await{};

namespace internal {

/// The AsioLoop of this thread; aborts with a message where there is none.
AsioLoop& current_asio_loop() noexcept;

template <class... Args>
struct AsioOutcome {
  using Type = std::tuple<Args...>;
};
template <class Arg>
struct AsioOutcome<Arg> {
  using Type = Arg;
};
template <>
struct AsioOutcome<> {
  using Type = void;
};

/// Outlives whichever ends first, the operation or the coroutine. The operation ends on the loop's
/// thread, or on another one when the I/O object belongs to another io_context.
template <class... Args>
struct AsioWait : Runnable {
  AsioWait(AsioLoop& awaiting_loop, std::coroutine_handle<> handle) noexcept
      : Runnable(&AsioWait::resume), loop(awaiting_loop), coroutine(handle) {}
  static void resume(Runnable& item) noexcept {
    auto& self = static_cast<AsioWait&>(item);
    const std::shared_ptr<AsioWait> keep = std::move(self.running);
    if (self.coroutine) self.coroutine.resume();
  }
  AsioLoop& loop;
  std::coroutine_handle<> coroutine;
  std::shared_ptr<AsioWait> running;
  std::optional<std::tuple<Args...>> outcome;
};

template <class... Args>
struct AsioHandler {
  std::shared_ptr<AsioWait<Args...>> wait;
  void operator()(Args... args) {
    AsioWait<Args...>& state = *wait;
    state.outcome.emplace(std::move(args)...);
    state.running = std::move(wait);
    state.loop.resume(state);
  }
};

template <class Initiation, class InitArgs, class... Args>
class [[nodiscard("co_await it: until then nothing happens")]] AsioAwaiter {
 public:
  AsioAwaiter(Initiation initiation, InitArgs arguments)
      : initiation_(std::move(initiation)), arguments_(std::move(arguments)) {}
  AsioAwaiter(AsioAwaiter&&) noexcept = default;
  ~AsioAwaiter() {
    if (wait_ != nullptr) wait_->coroutine = nullptr;
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    wait_ = std::make_shared<AsioWait<Args...>>(current_asio_loop(), handle);
    std::apply(
        [this](auto&&... arguments) {
          std::move(initiation_)(AsioHandler<Args...>{wait_}, std::move(arguments)...);
        },
        std::move(arguments_));
  }
  typename AsioOutcome<Args...>::Type await_resume() {
    if constexpr (sizeof...(Args) == 1) {
      return std::get<0>(std::move(*wait_->outcome));
    } else if constexpr (sizeof...(Args) > 1) {
      return std::move(*wait_->outcome);
    }
  }

 private:
  Initiation initiation_;
  InitArgs arguments_;
  std::shared_ptr<AsioWait<Args...>> wait_;
};

}  // namespace internal
}  // namespace weft::net

template <class R, class... Args>
class boost::asio::async_result<weft::net::UseAwait, R(Args...)> {
 public:
  template <class Initiation, class... InitArgs>
  [[nodiscard("co_await it: until then nothing happens")]] static auto initiate(
      Initiation initiation, weft::net::UseAwait, InitArgs... arguments) {
    using Packed = std::tuple<InitArgs...>;
    return weft::net::internal::AsioAwaiter<Initiation, Packed, std::decay_t<Args>...>(
        std::move(initiation), Packed(std::move(arguments)...));
  }
};
