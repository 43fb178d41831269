// The loop's own costs: timers, posting, and one round trip over each kind of stream.

#include <array>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "weft/base/rng.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/net/socket/memory_stream.h"

namespace weft::net {
namespace {

void arm_and_cancel_among(benchmark::State& state) {
  TimerQueue queue;
  Rng rng(1);
  std::vector<std::unique_ptr<Timer>> others;
  const auto anywhere = [&] { return TimePoint(Duration(static_cast<std::int64_t>(rng() >> 2))); };
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    others.push_back(std::make_unique<Timer>([](Timer&) noexcept {}));
    queue.arm(*others.back(), anywhere());
  }
  Timer timer([](Timer&) noexcept {});
  for (auto _ : state) {
    queue.arm(timer, anywhere());
    timer.cancel();
  }
}
BENCHMARK(arm_and_cancel_among)->Arg(0)->Arg(1000)->Arg(100000);

struct Hop : Runnable {
  explicit Hop(AsioLoop& on) : Runnable(&Hop::go), loop(on) {}
  static void go(Runnable& item) noexcept {
    auto& self = static_cast<Hop&>(item);
    if (--self.left <= 0) return self.loop.stop();
    self.loop.post(item);
  }
  AsioLoop& loop;
  std::int64_t left = 0;
};

void post_to_the_own_loop(benchmark::State& state) {
  AsioLoop loop;
  Hop hop(loop);
  constexpr std::int64_t kBatch = 1000;
  for (auto _ : state) {
    hop.left = kBatch;
    loop.post(hop);
    loop.run();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(post_to_the_own_loop);

class Ponging final : public StreamHandler {
 public:
  Ponging(AsioLoop& loop, std::unique_ptr<Stream> stream)
      : loop_(loop), stream_(std::move(stream)) {
    stream_->set_handler(this);
    stream_->want_read();
  }
  void on_readable() noexcept override {
    const IoResult read = stream_->read(buffer_);
    if (read.kind != IoResult::Kind::Done) return loop_.stop();
    stream_->want_read();
    if (left-- == 0) return loop_.stop();
    send(read.size);
  }
  void on_writable() noexcept override {}
  void send(std::size_t size) {
    const iovec slice{.iov_base = buffer_.data(), .iov_len = size};
    benchmark::DoNotOptimize(stream_->write({&slice, 1}).size);
  }
  std::int64_t left = 0;

 private:
  AsioLoop& loop_;
  std::unique_ptr<Stream> stream_;
  std::array<char, 4096> buffer_{};
};

void round_trips(benchmark::State& state, AsioLoop& loop, std::unique_ptr<Stream> first,
                 std::unique_ptr<Stream> second) {
  Ponging client(loop, std::move(first));
  Ponging server(loop, std::move(second));
  constexpr std::int64_t kBatch = 1000;
  server.left = std::int64_t{1} << 60;
  for (auto _ : state) {
    client.left = kBatch;
    client.send(64);
    loop.run();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void round_trip_in_memory(benchmark::State& state) {
  AsioLoop loop;
  auto [first, second] = memory_pair(loop, loop);
  round_trips(state, loop, std::move(first), std::move(second));
}
BENCHMARK(round_trip_in_memory);

Task<void> connect(AsioLoop& loop, Address address, std::unique_ptr<Stream>& into) {
  Result<std::unique_ptr<Stream>> connected = co_await loop.connect(std::move(address));
  if (connected) into = std::move(connected).value();
}

void round_trip_over(benchmark::State& state, const Address& address) {
  AsioLoop loop;
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
  Result<std::unique_ptr<Listener>> listener = loop.listen(
      address, {}, [&](std::unique_ptr<Accepted> accepted) { server = accepted->bind_to(loop); });
  if (!listener) return state.SkipWithError(listener.status().to_string().c_str());
  Task<void> connecting = connect(loop, (*listener)->address(), client);
  loop.enter(
      [&] { connecting.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr}); });
  // The client is there as soon as the listener's queue has it; the server when that is emptied.
  while (client == nullptr || server == nullptr) {
    loop.post([&] { loop.stop(); });
    loop.run();
  }
  round_trips(state, loop, std::move(client), std::move(server));
}

void round_trip_over_tcp(benchmark::State& state) {
  round_trip_over(state, *Address::ip("127.0.0.1", 0));
}
BENCHMARK(round_trip_over_tcp);

void round_trip_over_unix(benchmark::State& state) {
  round_trip_over(state, Address::unix_path("@weft-net-bench"));
}
BENCHMARK(round_trip_over_unix);

}  // namespace
}  // namespace weft::net
