#include <cstring>
#include <utility>

#include <benchmark/benchmark.h>

#include "weft/rpc/grpc/deframer.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::rpc {
namespace {

// The block a connection reads into, as a whole.
constexpr std::size_t kReadBlock = 64 * 1024 - 64;

Bytes block_of(std::size_t message, std::size_t count) {
  ChunkRef chunk(Chunk::allocate(std::max(kReadBlock, (message + kMessagePrefix) * count)));
  char* out = chunk->data();
  for (std::size_t i = 0; i < count; ++i) {
    write_message_prefix(reinterpret_cast<std::uint8_t*>(out), false,
                         static_cast<std::uint32_t>(message));
    std::memset(out + kMessagePrefix, 'x', message);
    out += kMessagePrefix + message;
  }
  const char* data = chunk->data();
  return Bytes(std::move(chunk), data, (message + kMessagePrefix) * count);
}

/// One message that lies whole in a slice of a large block: the unary case.
void one_message(benchmark::State& state) {
  const Bytes wire = block_of(static_cast<std::size_t>(state.range(0)), 1);
  Deframer deframer(SIZE_MAX);
  Deframer::Item item;
  for (auto _ : state) {
    if (!deframer.push(wire).ok()) state.SkipWithError("push failed");
    while (deframer.pop(item)) benchmark::DoNotOptimize(item.bytes.data());
  }
}
BENCHMARK(one_message)->Arg(0)->Arg(64)->Arg(512)->Arg(1023)->Arg(1024)->Arg(4096)->Arg(16384);

/// A DATA frame of 16 KiB full of small messages: the streaming case.
void frame_of_messages(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::size_t count = 16384 / (size + kMessagePrefix);
  const Bytes wire = block_of(size, count);
  Deframer deframer(SIZE_MAX);
  Deframer::Item item;
  for (auto _ : state) {
    if (!deframer.push(wire).ok()) state.SkipWithError("push failed");
    while (deframer.pop(item)) benchmark::DoNotOptimize(item.bytes.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}
BENCHMARK(frame_of_messages)->Arg(16)->Arg(64)->Arg(1024);

/// A message that comes in frames of 16 KiB.
void assembled_message(benchmark::State& state) {
  const Bytes wire = block_of(static_cast<std::size_t>(state.range(0)), 1);
  Deframer deframer(SIZE_MAX);
  Deframer::Item item;
  for (auto _ : state) {
    for (std::size_t at = 0; at < wire.size(); at += 16384) {
      const std::size_t n = std::min<std::size_t>(16384, wire.size() - at);
      if (!deframer.push(wire.slice(at, n)).ok()) state.SkipWithError("push failed");
    }
    while (deframer.pop(item)) benchmark::DoNotOptimize(item.bytes.data());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(assembled_message)->Arg(64 << 10)->Arg(1 << 20)->Arg(4 << 20);

/// What kCopyBelow weighs: a share and its release, against a copy into a block of its own.
void share(benchmark::State& state) {
  const Bytes wire = block_of(static_cast<std::size_t>(state.range(0)), 1);
  for (auto _ : state) {
    const Bytes shared = wire.slice(kMessagePrefix, static_cast<std::size_t>(state.range(0)));
    benchmark::DoNotOptimize(shared.data());
  }
}
BENCHMARK(share)->Arg(1024);

void copy(benchmark::State& state) {
  const Bytes wire = block_of(static_cast<std::size_t>(state.range(0)), 1);
  for (auto _ : state) {
    const Bytes copied = Bytes::copy_of(wire.view());
    benchmark::DoNotOptimize(copied.data());
  }
}
BENCHMARK(copy)->Arg(64)->Arg(512)->Arg(1024)->Arg(2048)->Arg(4096);

}  // namespace
}  // namespace weft::rpc
