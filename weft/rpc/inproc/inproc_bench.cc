#include <string>

#include <benchmark/benchmark.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server/server.h"
#include "weft/testing/run.h"

// What a call in the process costs beyond what protobuf does for it.

namespace weft::rpc {
namespace {

using test::Text;
using test::text;

/// Request and response written and parsed once each, with an object for each side.
void protobuf_alone(benchmark::State& state) {
  const Text request = text(std::string(64, 'x'));
  std::string bytes;
  for (auto _ : state) {
    Text there;
    bytes = request.SerializeAsString();
    there.ParseFromString(bytes);
    const Text reply = there;
    Text back;
    bytes = reply.SerializeAsString();
    back.ParseFromString(bytes);
    benchmark::DoNotOptimize(back);
  }
}
BENCHMARK(protobuf_alone);

Task<> calls(benchmark::State& state, Channel& channel) {
  const Text request = text(std::string(64, 'x'));
  for (auto _ : state) {
    const Result<Text> reply = co_await test::unary(channel, request);
    if (!reply.ok()) state.SkipWithError(reply.status().to_string().c_str());
  }
}

void call(benchmark::State& state, const char* address) {
  net::AsioLoop loop;
  Server server{{.listen = address, .loops = {&loop}}};
  server.add<test::Kinds>();
  if (!server.start().ok()) return state.SkipWithError("the server did not start");
  Channel channel(address);
  testing::run(loop, calls(state, channel), std::chrono::minutes(5));
}

void call_in_process(benchmark::State& state) { call(state, "inproc:bench"); }
BENCHMARK(call_in_process);
void call_through_memory(benchmark::State& state) { call(state, "memory:bench"); }
BENCHMARK(call_through_memory);

}  // namespace
}  // namespace weft::rpc
