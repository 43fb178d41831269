// What it costs to count, beside raw counters and, where it is installed, prometheus-cpp.

#include <atomic>
#include <cstdint>

#include <benchmark/benchmark.h>

#include "weft/telemetry/metrics/registry.h"

#ifdef WEFT_HAS_PROMETHEUS_CPP
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#endif

namespace weft::telemetry {
namespace {

/// Times of calls, as they come: from 50 microseconds to some 100 ms.
double next_time(std::uint64_t& state) noexcept {
  state = state * 6364136223846793005U + 1442695040888963407U;
  return 50e-6 * static_cast<double>(1U << ((state >> 33) % 11)) *
         (1 + static_cast<double>((state >> 40) & 1023) / 1024);
}

void plain_variable(benchmark::State& state) {
  std::uint64_t count = 0;
  for (auto _ : state) benchmark::DoNotOptimize(++count);
}
BENCHMARK(plain_variable);

void shared_atomic(benchmark::State& state) {
  static std::atomic<std::uint64_t> count{0};
  for (auto _ : state) count.fetch_add(1, std::memory_order_relaxed);
}
BENCHMARK(shared_atomic)->Threads(1)->Threads(2);

void counter(benchmark::State& state) {
  static const Counter counter = registry().counter({.name = "bench.counter"}).value().with();
  for (auto _ : state) counter.add();
}
BENCHMARK(counter)->Threads(1)->Threads(2);

/// What the loop of the histograms costs without one.
void next_time_alone(benchmark::State& state) {
  std::uint64_t seed = 1;
  for (auto _ : state) benchmark::DoNotOptimize(next_time(seed));
}
BENCHMARK(next_time_alone);

void histogram(benchmark::State& state) {
  static const Histogram histogram =
      registry().histogram({.name = "bench.histogram", .unit = "s"}).value().with();
  std::uint64_t seed = 1;
  for (auto _ : state) histogram.record(next_time(seed));
}
BENCHMARK(histogram)->Threads(1)->Threads(2);

void look_up(benchmark::State& state) {
  static const auto family =
      registry().counter({.name = "bench.labels"}, Label<std::string_view>{"method"}).value();
  for (auto _ : state) family.with("test.Kinds/Unary").add();
}
BENCHMARK(look_up);

#ifdef WEFT_HAS_PROMETHEUS_CPP
prometheus::Registry& theirs() {
  static prometheus::Registry registry;
  return registry;
}

void prometheus_cpp_counter(benchmark::State& state) {
  static auto& counter = prometheus::BuildCounter().Name("c").Register(theirs()).Add({});
  for (auto _ : state) counter.Increment();
}
BENCHMARK(prometheus_cpp_counter)->Threads(1)->Threads(2);

void prometheus_cpp_histogram(benchmark::State& state) {
  static auto& histogram = prometheus::BuildHistogram().Name("h").Register(theirs()).Add(
      {},
      prometheus::Histogram::BucketBoundaries(latency_bounds().begin(), latency_bounds().end()));
  std::uint64_t seed = 1;
  for (auto _ : state) histogram.Observe(next_time(seed));
}
BENCHMARK(prometheus_cpp_histogram)->Threads(1)->Threads(2);
#endif

}  // namespace
}  // namespace weft::telemetry
