// What a message costs as MessagePack, beside protobuf's own encoding of the same message. Figures:
// docs/reference/performance.md.
//
// --benchmark_enable_random_interleaving=true lets both share what else the machine does.

#include <string>

#include <benchmark/benchmark.h>

#include "weft/codec/msgpack/msgpack.h"
#include "weft/codec/schema/internal/test_shapes.h"

#include "kinds.pb.h"

namespace weft {
namespace {

using formats::Item;
using namespace formats_test;

constexpr const char* kNames[] = {"small",   "nested", "int32s", "doubles",
                                  "strings", "items",  "map"};

Shape shape_of(benchmark::State& state) {
  const auto shape = static_cast<Shape>(state.range(0));
  state.SetLabel(kNames[shape]);
  return shape;
}

void write_msgpack(benchmark::State& state) {
  const Item item = message_of(shape_of(state));
  std::size_t size = 0;
  for (auto _ : state) {
    const Result<std::string> bytes = to_msgpack(item);
    benchmark::DoNotOptimize(bytes->data());
    size = bytes->size();
  }
  state.counters["bytes"] = static_cast<double>(size);
}

void write_protobuf(benchmark::State& state) {
  const Item item = message_of(shape_of(state));
  std::size_t size = 0;
  for (auto _ : state) {
    const std::string bytes = item.SerializeAsString();
    benchmark::DoNotOptimize(bytes.data());
    size = bytes.size();
  }
  state.counters["bytes"] = static_cast<double>(size);
}

void read_msgpack(benchmark::State& state) {
  const std::string bytes = *to_msgpack(message_of(shape_of(state)));
  for (auto _ : state) {
    Item item;
    benchmark::DoNotOptimize(from_msgpack(bytes, item).ok());
  }
}

void read_protobuf(benchmark::State& state) {
  const std::string bytes = message_of(shape_of(state)).SerializeAsString();
  for (auto _ : state) {
    Item item;
    benchmark::DoNotOptimize(item.ParseFromString(bytes));
  }
}

BENCHMARK(write_msgpack)->DenseRange(Small, Labels);
BENCHMARK(write_protobuf)->DenseRange(Small, Labels);
BENCHMARK(read_msgpack)->DenseRange(Small, Labels);
BENCHMARK(read_protobuf)->DenseRange(Small, Labels);

}  // namespace
}  // namespace weft
