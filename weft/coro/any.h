#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "weft/coro/context.h"
#include "weft/coro/frame/countdown.h"
#include "weft/coro/frame/value_of.h"
#include "weft/coro/task.h"

namespace weft {

/// The result of any() and which of the tasks it is from.
template <class T>
class First {
 public:
  First(std::size_t index, T value) : index_(index), value_(std::move(value)) {}
  std::size_t index() const noexcept { return index_; }
  T& value() & noexcept { return value_; }
  const T& value() const& noexcept { return value_; }
  T&& value() && noexcept { return std::move(value_); }

 private:
  std::size_t index_;
  T value_;
};

namespace coro {

/// Tasks of which the first to end wins; the others are cancelled. The race is over when its
/// countdown is, which is an object of its own because GCC 12 copies an awaiter that a function
/// returns by reference.
class Race {
 public:
  Race(Context* parent, Countdown& countdown) noexcept : context_(parent), countdown_(countdown) {}
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;

  /// A place in the race; must stay where it is until the race is over.
  struct Runner {
    Race* race = nullptr;
    std::size_t index = 0;
  };

  /// Starts `task`, unless there is a winner already: then it never runs.
  template <class T>
  void start(Task<T>& task, Runner& runner, std::size_t index) {
    if (winner_ != kNobody) return;
    runner = {.race = this, .index = index};
    countdown_.add();
    task.start(&context_, DoneCallback{.function = &Race::ended, .argument = &runner});
  }
  std::size_t winner() const noexcept { return winner_; }

 private:
  static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);
  static void ended(void* runner) noexcept;

  Context context_;
  Countdown& countdown_;
  std::size_t winner_ = kNobody;
};

/// Ends the program with a message: any() of no tasks would never end.
[[noreturn]] void any_of_nothing() noexcept;

template <class Variant, std::size_t I, class T, class... Rest>
Variant take_winner(std::size_t winner, Task<T>& task, Rest&... rest) {
  if constexpr (sizeof...(Rest) > 0) {
    if (winner != I) return take_winner<Variant, I + 1>(winner, rest...);
  }
  if constexpr (std::is_void_v<T>) {
    task.take();
    return Variant(std::in_place_index<I>);
  } else {
    return Variant(std::in_place_index<I>, task.take());
  }
}

}  // namespace coro

/// Runs the tasks concurrently and gives the result of the first to end (also if that is an
/// exception), as the variant's alternative of its position; std::monostate for void. The others'
/// context is cancelled, and any() ends when they have ended. A task that comes after one that ends
/// at once is not started.
template <class... T>
  requires(sizeof...(T) > 0)
Task<std::variant<coro::ValueOf<T>...>> any(Task<T>... tasks) {
  Context* context = co_await current_context();
  coro::Countdown countdown;
  coro::Race race(context, countdown);
  std::array<coro::Race::Runner, sizeof...(T)> runners;
  std::size_t index = 0;
  ((race.start(tasks, runners[index], index), ++index), ...);
  co_await countdown;
  co_return coro::take_winner<std::variant<coro::ValueOf<T>...>, 0>(race.winner(), tasks...);
}

/// As above, for any number of tasks of one type, at least one.
template <class T>
  requires(!std::is_void_v<T>)
Task<First<T>> any(std::vector<Task<T>> tasks) {
  if (tasks.empty()) coro::any_of_nothing();
  Context* context = co_await current_context();
  coro::Countdown countdown;
  coro::Race race(context, countdown);
  std::vector<coro::Race::Runner> runners(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) race.start(tasks[i], runners[i], i);
  co_await countdown;
  co_return First<T>(race.winner(), tasks[race.winner()].take());
}

/// As above, for tasks without result: gives the index of the first.
Task<std::size_t> any(std::vector<Task<>> tasks);

}  // namespace weft
