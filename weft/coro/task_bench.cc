#include <benchmark/benchmark.h>

#include "weft/coro/all.h"
#include "weft/coro/event.h"
#include "weft/coro/manual_executor.h"
#include "weft/coro/scope.h"
#include "weft/coro/semaphore.h"
#include "weft/coro/task.h"

namespace weft {
namespace {

[[gnu::noinline]] Task<int> coroutine_value(int x) { co_return x; }
[[gnu::noinline]] Task<int> plain_value(int x) { return x; }
Task<int> nested(int depth) {
  if (depth == 0) co_return 0;
  co_return 1 + co_await nested(depth - 1);
}

template <Task<int> (*kChild)(int)>
Task<> await_children(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(co_await kChild(1));
}
void run(Task<> task) {
  ManualExecutor executor;
  executor.run(std::move(task));
}

void await_a_coroutine_that_completes_at_once(benchmark::State& state) {
  run(await_children<coroutine_value>(state));
}
BENCHMARK(await_a_coroutine_that_completes_at_once);

void await_a_plain_function(benchmark::State& state) { run(await_children<plain_value>(state)); }
BENCHMARK(await_a_plain_function);

Task<> await_nested(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(co_await nested(10));
}
void await_ten_frames_deep(benchmark::State& state) { run(await_nested(state)); }
BENCHMARK(await_ten_frames_deep);

Task<> wait_and_count(Event& event, int& count) {
  while (count >= 0) {
    (void)co_await event.wait();
    event.reset();
    ++count;
  }
}
void suspend_and_resume_through_an_event(benchmark::State& state) {
  ManualExecutor executor;
  Event event;
  int count = 0;
  Context context;
  Task<> task = wait_and_count(event, count);
  task.start(&context, {[](void*) noexcept {}, nullptr});
  for (auto _ : state) {
    event.set();
    executor.run_until_idle();
  }
}
BENCHMARK(suspend_and_resume_through_an_event);

void scope_spawn_of_a_coroutine(benchmark::State& state) {
  struct Body {
    static Task<> run() { co_return; }
  };
  Scope scope(nullptr);
  for (auto _ : state) scope.spawn(Body::run());
}
BENCHMARK(scope_spawn_of_a_coroutine);

Task<> await_all_of_two(benchmark::State& state) {
  for (auto _ : state) {
    auto [a, b] = co_await all(coroutine_value(1), coroutine_value(2));
    benchmark::DoNotOptimize(a + b);
  }
}
void all_of_two(benchmark::State& state) { run(await_all_of_two(state)); }
BENCHMARK(all_of_two);

Task<> await_acquire(benchmark::State& state, Semaphore& semaphore) {
  for (auto _ : state) {
    Result<Semaphore::Permit> permit = co_await semaphore.acquire();
    benchmark::DoNotOptimize(permit.ok());
  }
}
void semaphore_without_contention(benchmark::State& state) {
  Semaphore semaphore(1);
  run(await_acquire(state, semaphore));
}
BENCHMARK(semaphore_without_contention);

void make_and_drop_a_child_context(benchmark::State& state) {
  Context root;
  for (auto _ : state) {
    Context child(&root);
    benchmark::DoNotOptimize(&child);
  }
}
BENCHMARK(make_and_drop_a_child_context);

}  // namespace
}  // namespace weft
