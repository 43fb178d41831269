#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "weft/rpc/call/metadata.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft {
namespace {

/// What a call with a trace and a request id carries, into a Metadata that was used before.
void add_and_clear(benchmark::State& state) {
  Metadata metadata;
  for (auto _ : state) {
    metadata.add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    metadata.add("x-request-id", "3b0f8a52-14bf-4e57");
    metadata.add("x-tenant", "acme");
    benchmark::DoNotOptimize(metadata.size());
    metadata.clear();
  }
}
BENCHMARK(add_and_clear);

void get(benchmark::State& state) {
  Metadata metadata;
  for (int i = 0; i < state.range(0); ++i) metadata.add("x-name-" + std::to_string(i), "value");
  const std::string last = "X-Name-" + std::to_string(state.range(0) - 1);
  for (auto _ : state) benchmark::DoNotOptimize(metadata.get(last));
}
BENCHMARK(get)->Arg(1)->Arg(4)->Arg(16);

void append_fields(benchmark::State& state) {
  Metadata metadata;
  metadata.add("x-request-id", "3b0f8a52-14bf-4e57");
  metadata.add("x-tenant", "acme");
  metadata.add("x-context-bin", std::string(48, '\x7f'));
  std::vector<http2::HeaderField> fields;
  std::string scratch;
  for (auto _ : state) {
    fields.clear();
    scratch.clear();
    rpc::append_fields(metadata, fields, scratch);
    benchmark::DoNotOptimize(fields.data());
  }
}
BENCHMARK(append_fields);

void add_received_binary(benchmark::State& state) {
  std::string value;
  rpc::base64_encode(std::string(48, '\x7f'), value);
  Metadata metadata;
  for (auto _ : state) {
    metadata.clear();
    benchmark::DoNotOptimize(
        rpc::add_received({.name = "x-context-bin", .value = value}, metadata, SIZE_MAX));
  }
}
BENCHMARK(add_received_binary);

}  // namespace
}  // namespace weft
