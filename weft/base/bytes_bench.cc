#include <cstddef>
#include <string>

#include <benchmark/benchmark.h>

#include "weft/base/bytes.h"

namespace weft {
namespace {

void chunk_allocate_and_release(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    ChunkRef chunk(Chunk::allocate(size));
    benchmark::DoNotOptimize(chunk.get());
  }
}
BENCHMARK(chunk_allocate_and_release)->Arg(64)->Arg(1000)->Arg(16'000)->Arg(200'000)->Arg(300'000);

void heap_allocate_and_release(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    void* block = ::operator new(size);
    benchmark::DoNotOptimize(block);
    ::operator delete(block);
  }
}
BENCHMARK(heap_allocate_and_release)->Arg(64)->Arg(1000)->Arg(16'000)->Arg(200'000);

void bytes_copy_of(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    Bytes bytes = Bytes::copy_of(text);
    benchmark::DoNotOptimize(bytes);
  }
}
BENCHMARK(bytes_copy_of)->Arg(64)->Arg(1024);

void bytes_slice(benchmark::State& state) {
  const Bytes whole = Bytes::copy_of(std::string(1000, 'x'));
  for (auto _ : state) {
    Bytes part = whole.slice(5, 64);
    benchmark::DoNotOptimize(part);
  }
}
BENCHMARK(bytes_slice);

}  // namespace
}  // namespace weft
