// What counting a call costs on each side, beside what observing it costs.

#include <array>
#include <cstdint>
#include <memory>

#include <benchmark/benchmark.h>

#include "weft/net/sim/sim_loop.h"
#include "weft/telemetry/grpc/client_metrics.h"
#include "weft/telemetry/grpc/server_metrics.h"

namespace weft::telemetry {
namespace {

constexpr MethodDescriptor kMethods[] = {{.name = "Unary", .path = "/bench.Echo/Unary"},
                                         {.name = "Other", .path = "/bench.Echo/Other"}};
constexpr ServiceDescriptor kService{"bench.Echo", kMethods, nullptr};

/// Of a call of 64 bytes each way; times from 50 microseconds to 100 ms.
CallStats next_stats(std::uint64_t& state) noexcept {
  state = state * 6364136223846793005U + 1442695040888963407U;
  CallStats stats;
  stats.sent_messages = stats.received_messages = 1;
  stats.sent_bytes = stats.received_bytes = 64;
  stats.sent_wire_bytes = stats.received_wire_bytes = 69;
  stats.took = Duration(50'000 << ((state >> 33) % 11));
  return stats;
}

void server_call(benchmark::State& state) {
  Registry registry;
  const auto metrics = server_metrics({.own = state.range(0) != 0, .registry = &registry});
  const std::array<const ServiceDescriptor*, 1> services{&kService};
  class None final : public ServerFigures {
    std::size_t connections() const noexcept override { return 0; }
    std::size_t memory() const noexcept override { return 0; }
    std::size_t memory_limit() const noexcept override { return 0; }
  };
  metrics->on_start({.services = services, .loops = {}, .figures = std::make_shared<None>()});
  net::SimNetwork network(1);
  Call call(Call::Side::Server, network.host("here"), kMethods[0].path, kMethods, nullptr);
  const Status ok;
  std::uint64_t seed = 1;
  for (auto _ : state) {
    metrics->on_begin(call);
    metrics->on_end(call, ok, next_stats(seed));
  }
}
BENCHMARK(server_call)->ArgName("own")->Arg(0)->Arg(1);

void client_call(benchmark::State& state) {
  Registry registry;
  const auto metrics =
      client_metrics("bench:1", {.own = state.range(0) != 0, .registry = &registry});
  net::SimNetwork network(1);
  Call call(Call::Side::Client, network.host("here"), kMethods[0].path, kMethods, nullptr);
  const Status ok;
  std::uint64_t seed = 1;
  for (auto _ : state) {
    const CallStats stats = next_stats(seed);
    metrics->on_begin(call);
    metrics->on_attempt_begin(call);
    metrics->on_attempt_end(call, ok, stats);
    metrics->on_end(call, ok, stats);
  }
}
BENCHMARK(client_call)->ArgName("own")->Arg(0)->Arg(1);

}  // namespace
}  // namespace weft::telemetry
