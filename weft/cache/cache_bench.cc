#include <cstdint>

#include <benchmark/benchmark.h>

#include "weft/base/rng.h"
#include "weft/cache/cache.h"
#include "weft/net/sim/sim_loop.h"

namespace weft {
namespace {

template <class Kept>
void hit(benchmark::State& state) {
  net::SimNetwork network{1};
  net::SimLoop& host = network.host("server");
  Kept cache({.max_weight = 10'000},
             [](std::uint64_t n) -> Task<Result<std::uint64_t>> { co_return n; });
  host.enter([&] {
    for (std::uint64_t key = 0; key < 1024; ++key) cache.put(key, key);
    std::uint64_t key = 0;
    for (auto _ : state) {
      auto task = cache.get(key++ & 1023U);
      benchmark::DoNotOptimize(*task.take());
    }
  });
}
BENCHMARK(hit<LocalCache<std::uint64_t, std::uint64_t>>)->Name("LocalCache hit");
BENCHMARK(hit<Cache<std::uint64_t, std::uint64_t>>)->Name("Cache hit");

}  // namespace
}  // namespace weft
