// What a message costs as MessagePack, beside protobuf's own encoding of the same message. Figures:
// docs/reference/msgpack.md.
//
// --benchmark_enable_random_interleaving=true lets both share what else the machine does.

#include <string>

#include <benchmark/benchmark.h>

#include "weft/codec/msgpack/msgpack.h"

#include "kinds.pb.h"

namespace weft {
namespace {

using formats::Item;

enum Shape { Small, Nested, Numbers, Doubles, Texts, Items, Labels };
constexpr const char* kNames[] = {"small",   "nested", "int32s", "doubles",
                                  "strings", "items",  "map"};

void fill_item(Item& item, int i) {
  item.set_id(1'000'000'007LL * i);
  item.set_name("item number " + std::to_string(i));
  item.set_in_stock(i % 2 == 0);
  item.set_price(i * 0.25 + 0.1);
  item.set_colour(formats::GREEN);
}

Item message_of(Shape shape) {
  Item item;
  switch (shape) {
    case Small:
      fill_item(item, 7);
      break;
    case Nested: {
      Item* at = &item;
      for (int i = 0; i < 8; ++i, at = at->mutable_parent()) fill_item(*at, i);
      break;
    }
    case Numbers:
      for (int i = 0; i < 5000; ++i) item.add_counts((i * 7919) % 100'000);
      break;
    case Doubles:
      for (int i = 0; i < 1000; ++i) item.add_weights(1.0 / (i + 3));
      break;
    case Texts:
      for (int i = 0; i < 20; ++i) item.add_notes(std::string(5000, static_cast<char>('a' + i)));
      break;
    case Items:
      for (int i = 0; i < 900; ++i) fill_item(*item.add_items(), i);
      break;
    case Labels:
      for (int i = 0; i < 100; ++i) {
        (*item.mutable_labels())["label/" + std::to_string(i)] = "value " + std::to_string(i);
      }
      break;
  }
  return item;
}

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
