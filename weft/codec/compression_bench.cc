#include <string>

#include <benchmark/benchmark.h>

#include "weft/codec/compression.h"

namespace weft::codec {
namespace {

/// Text about as compressible as a message of names and numbers.
std::string sample(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) {
    text += "{\"id\":" + std::to_string(i * 7919) + ",\"name\":\"item " + std::to_string(i % 97) +
            "\"}";
  }
  text.resize(size);
  return text;
}

void compress_message(benchmark::State& state) {
  const auto encoding = static_cast<Compression>(state.range(0));
  const std::string text = sample(static_cast<std::size_t>(state.range(1)));
  for (auto _ : state) {
    Result<Bytes> wire = compress(encoding, text);
    benchmark::DoNotOptimize(wire->data());
  }
  state.SetLabel(std::string(name_of(encoding)));
  state.SetBytesProcessed(state.iterations() * state.range(1));
}
BENCHMARK(compress_message)->ArgsProduct({{1, 2, 3}, {128, 4096, 262144}});

void decompress_message(benchmark::State& state) {
  const auto encoding = static_cast<Compression>(state.range(0));
  const std::string text = sample(static_cast<std::size_t>(state.range(1)));
  const Result<Bytes> wire = compress(encoding, text);
  for (auto _ : state) {
    Result<Bytes> back = decompress(encoding, wire->view(), std::size_t{4} << 20);
    benchmark::DoNotOptimize(back->data());
  }
  state.SetLabel(std::string(name_of(encoding)));
  state.SetBytesProcessed(state.iterations() * state.range(1));
}
BENCHMARK(decompress_message)->ArgsProduct({{1, 2, 3}, {128, 4096, 262144}});

}  // namespace
}  // namespace weft::codec
