// How long a scrape of 10,000 series takes, and its longest piece: what it holds a loop, in time of
// the processor, as other programs run meanwhile.

#include <algorithm>
#include <ctime>
#include <string>

#include <benchmark/benchmark.h>

#include "weft/telemetry/prometheus/text_writer.h"

namespace weft::telemetry {
namespace {

constexpr int kMetrics = 10;
constexpr int kSeries = 1000;

/// 10,000 series, a tenth of them histograms.
Registry& filled() {
  static Registry& all = *[] {
    auto* const made = new Registry;
    for (int m = 0; m < kMetrics; ++m) {
      const std::string name = "bench.m" + std::to_string(m);
      for (int n = 0; n < kSeries; ++n) {
        if (m == 0) {
          made->histogram({.name = name, .unit = "s"}, Label<int>{"n"}).value().with(n).record(n);
        } else {
          made->counter({.name = name}, Label<int>{"n"}).value().with(n).add();
        }
      }
    }
    return made;
  }();
  return all;
}

double processor_microseconds() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

void scrape(benchmark::State& state) {
  Registry& registry = filled();
  double longest = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    TextWriter writer(registry, TextFormat::OpenMetrics);
    std::string piece;
    for (;;) {
      const double before = processor_microseconds();
      const bool more = writer.write(piece, std::size_t{16} * 1024);
      longest = std::max(longest, processor_microseconds() - before);
      if (!more) break;
      bytes += piece.size();
      piece.clear();
    }
  }
  state.counters["longest_piece_us"] = std::chrono::duration<double, std::micro>(longest).count();
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
}
BENCHMARK(scrape)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weft::telemetry
