// What a message costs as JSON, beside libprotobuf's own JSON functions and, for the same text,
// beside simdjson, which reads it without making anything of it but a tree. Figures:
// docs/reference/performance.md.
//
// --benchmark_enable_random_interleaving=true lets the three share what else the machine does.

#include <string>

#include <benchmark/benchmark.h>
#include <google/protobuf/util/json_util.h>

#include "weft/codec/json/json.h"
#include "weft/codec/json/wire_json.h"
#include "weft/codec/schema/internal/test_shapes.h"

#include "kinds.pb.h"

#ifdef WEFT_HAS_SIMDJSON
#include <simdjson.h>
#endif

namespace weft {
namespace {

using formats::Item;
using namespace formats_test;

constexpr const char* kNames[] = {"small_100B",   "nested_1K",  "int32s_30K", "doubles_20K",
                                  "strings_100K", "items_100K", "map_4K"};

Shape shape_of(benchmark::State& state) {
  const auto shape = static_cast<Shape>(state.range(0));
  state.SetLabel(kNames[shape]);
  return shape;
}

void write_weft(benchmark::State& state) {
  const Item item = message_of(shape_of(state));
  std::size_t bytes = 0;
  for (auto _ : state) {
    const Result<std::string> json = to_json(item);
    bytes += json->size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void write_protobuf(benchmark::State& state) {
  const Item item = message_of(shape_of(state));
  std::size_t bytes = 0;
  for (auto _ : state) {
    std::string json;
    static_cast<void>(google::protobuf::util::MessageToJsonString(item, &json));
    bytes += json.size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void read_weft(benchmark::State& state) {
  const std::string json = *to_json(message_of(shape_of(state)));
  for (auto _ : state) {
    Item item;
    benchmark::DoNotOptimize(from_json(json, item).ok());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(json.size()) * state.iterations());
}

void read_protobuf(benchmark::State& state) {
  const std::string json = *to_json(message_of(shape_of(state)));
  for (auto _ : state) {
    Item item;
    benchmark::DoNotOptimize(google::protobuf::util::JsonStringToMessage(json, &item).ok());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(json.size()) * state.iterations());
}

/// The text to protobuf's bytes: what is comparable to a parser of JSON alone.
void read_weft_to_bytes(benchmark::State& state) {
  const std::string json = *to_json(message_of(shape_of(state)));
  const codec::MessageTable& table = codec::Tables::generated().of(*Item::descriptor());
  codec::OutputBytes bytes;
  for (auto _ : state) {
    bytes.clear();
    codec::JsonFault fault;
    benchmark::DoNotOptimize(codec::read_json(table, json, {}, bytes, fault));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(json.size()) * state.iterations());
}
BENCHMARK(read_weft_to_bytes)->DenseRange(Small, Labels);

/// What of reading is not JSON: the message from its bytes.
void parse_bytes(benchmark::State& state) {
  const std::string bytes = message_of(shape_of(state)).SerializeAsString();
  for (auto _ : state) {
    Item item;
    benchmark::DoNotOptimize(item.ParseFromString(bytes));
  }
}

BENCHMARK(write_weft)->DenseRange(Small, Labels);
BENCHMARK(write_protobuf)->DenseRange(Small, Labels);
BENCHMARK(read_weft)->DenseRange(Small, Labels);
BENCHMARK(read_protobuf)->DenseRange(Small, Labels);
BENCHMARK(parse_bytes)->DenseRange(Small, Labels);

#ifdef WEFT_HAS_SIMDJSON
void read_simdjson(benchmark::State& state) {
  const simdjson::padded_string json(*to_json(message_of(shape_of(state))));
  simdjson::dom::parser parser;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parser.parse(json).error());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(json.size()) * state.iterations());
}
BENCHMARK(read_simdjson)->DenseRange(Small, Labels);

/// The tree and every value in it taken out once, as whoever fills a message has to.
std::uint64_t walk(simdjson::dom::element at) {
  std::uint64_t sum = 0;
  switch (at.type()) {
    case simdjson::dom::element_type::OBJECT:
      for (const auto field : simdjson::dom::object(at)) {
        sum += field.key.size() + walk(field.value);
      }
      return sum;
    case simdjson::dom::element_type::ARRAY:
      for (const auto item : simdjson::dom::array(at)) sum += walk(item);
      return sum;
    case simdjson::dom::element_type::STRING:
      return std::string(std::string_view(at)).size();
    case simdjson::dom::element_type::INT64:
      return static_cast<std::uint64_t>(std::int64_t(at));
    case simdjson::dom::element_type::DOUBLE:
      return static_cast<std::uint64_t>(double(at));
    default:
      return 1;
  }
}

void read_and_walk_simdjson(benchmark::State& state) {
  const simdjson::padded_string json(*to_json(message_of(shape_of(state))));
  simdjson::dom::parser parser;
  for (auto _ : state) {
    benchmark::DoNotOptimize(walk(parser.parse(json)));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(json.size()) * state.iterations());
}
BENCHMARK(read_and_walk_simdjson)->DenseRange(Small, Labels);
#endif

}  // namespace
}  // namespace weft
