// What a message costs as XML; the same messages are measured as JSON by weft_codec_json_bench.

#include <string>

#include <benchmark/benchmark.h>

#include "weft/codec/schema/internal/test_shapes.h"
#include "weft/codec/xml/xml.h"

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

void write_weft(benchmark::State& state) {
  const Item item = message_of(shape_of(state));
  std::size_t bytes = 0;
  for (auto _ : state) {
    const Result<std::string> text = to_xml(item);
    bytes += text->size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void read_weft(benchmark::State& state) {
  const std::string text = *to_xml(message_of(shape_of(state)));
  for (auto _ : state) {
    Item item;
    benchmark::DoNotOptimize(from_xml(text, item).ok());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}

BENCHMARK(write_weft)->DenseRange(Small, Labels);
BENCHMARK(read_weft)->DenseRange(Small, Labels);

}  // namespace
}  // namespace weft
