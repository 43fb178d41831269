#pragma once

#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "weft/coro/frame/countdown.h"
#include "weft/coro/frame/value_of.h"
#include "weft/coro/task.h"

namespace weft {
namespace coro {

template <class T>
void start_counted(Task<T>& task, Context* context, Countdown& countdown) {
  countdown.add();
  task.start(
      context,
      DoneCallback{.function = [](void* c) noexcept { static_cast<Countdown*>(c)->subtract(); },
                   .argument = &countdown});
}

template <class T>
ValueOf<T> take_value(Task<T>& task) {
  if constexpr (std::is_void_v<T>) {
    task.take();
    return {};
  } else {
    return task.take();
  }
}

}  // namespace coro

/// Runs the tasks concurrently and gives all their results, std::monostate for void. It ends when
/// all of them have ended, then rethrows the exception of the first task, in order, that threw.
template <class... T>
Task<std::tuple<coro::ValueOf<T>...>> all(Task<T>... tasks) {
  [[maybe_unused]] Context* context = co_await current_context();
  coro::Countdown countdown;
  (coro::start_counted(tasks, context, countdown), ...);
  co_await countdown;
  co_return std::tuple<coro::ValueOf<T>...>{coro::take_value(tasks)...};
}

/// As above, for any number of tasks of one type; the results are in the order of the tasks.
template <class T>
  requires(!std::is_void_v<T>)
Task<std::vector<T>> all(std::vector<Task<T>> tasks) {
  Context* context = co_await current_context();
  coro::Countdown countdown;
  for (Task<T>& task : tasks) coro::start_counted(task, context, countdown);
  co_await countdown;
  std::vector<T> results;
  results.reserve(tasks.size());
  for (Task<T>& task : tasks) results.push_back(task.take());
  co_return results;
}

/// As above, for tasks without result.
Task<> all(std::vector<Task<>> tasks);

}  // namespace weft
