#include "weft/net/sim/sim_loop.h"

#include <algorithm>
#include <array>

#include <gtest/gtest.h>

#include "weft/net/loop/internal/test_io.h"
#include "weft/net/socket/fault_stream.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using test::Accepting;
using test::read_some;
using test::read_to_end;
using test::write_all;

/// Runs `task` on `loop` until it ends.
template <class T>
T run(SimLoop& loop, Task<T> task, Context* context = nullptr) {
  loop.enter(
      [&] { task.start(context, {.function = [](void*) noexcept {}, .argument = nullptr}); });
  if (!loop.network().run_while_not([&] { return task.done(); })) {
    throw std::runtime_error("the task did not end");
  }
  return task.take();
}

struct Pair {
  std::unique_ptr<Stream> client;
  std::unique_ptr<Stream> server;
};

Task<Result<Pair>> connect_pair(SimLoop& client, SimLoop& server) {
  Accepting accepting;
  const Result<Address> bound = accepting.start(server, *Address::ip("0.0.0.0", 80));
  if (!bound) co_return bound.status();
  Result<std::unique_ptr<Stream>> connected = co_await client.connect(*bound);
  if (!connected) co_return connected.status();
  Pair pair;
  pair.client = std::move(connected).value();
  // The server's end is bound on the server's loop.
  std::unique_ptr<Accepted> accepted = accepting.take();
  server.enter([&] { pair.server = accepted->bind_to(server); });
  co_return pair;
}

TEST(SimLoop, RunsSleepersInVirtualTimeAndOrder) {
  SimNetwork network(1);
  SimLoop& loop = network.host("a");
  std::vector<int> log;
  const auto sleeper = [](Duration duration, std::vector<int>& into, int id) -> Task<void> {
    const Status status = co_await sleep(duration);
    if (status.ok()) into.push_back(id);
  };
  Task<void> slow = sleeper(2h, log, 2);
  Task<void> fast = sleeper(1h, log, 1);
  const TimePoint start = network.now();
  loop.enter([&] {
    EXPECT_EQ(Loop::current(), &loop);
    slow.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr});
    fast.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr});
  });
  network.run_until(start + 90min);
  EXPECT_EQ(log, std::vector{1});
  EXPECT_EQ(network.now(), start + 90min);
  EXPECT_TRUE(network.run_until_idle());
  EXPECT_EQ(log, (std::vector{1, 2}));
  EXPECT_EQ(network.now(), start + 2h);
}

TEST(SimLoop, IsIdleWhenOnlyCancelledTimersAreLeft) {
  SimNetwork network(1);
  SimLoop& loop = network.host("a");
  Timer timer([](Timer&) noexcept {});
  const TimePoint start = network.now();
  loop.arm(timer, start + 1h);
  timer.cancel();
  EXPECT_TRUE(network.run_until_idle());
  EXPECT_EQ(network.now(), start);
}

TEST(SimLoop, ResolvesTheHostsOfItsNetwork) {
  SimNetwork network(1);
  SimLoop& a = network.host("a");
  network.host("b");
  const auto found = run(a, a.resolve("b", 80));
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->front(), Address::memory("b", 80));
  EXPECT_EQ(run(a, a.resolve("localhost", 80))->front(), Address::memory("a", 80));
  EXPECT_EQ(run(a, a.resolve("c", 80)).status().to_string(),
            "UNAVAILABLE: name 'c' cannot be resolved: no host of the simulated network "
            "has that name");
}

TEST(SimLoop, ConnectsAfterARoundTrip) {
  SimNetwork network(1, {.latency = 10ms, .jitter = {}});
  const TimePoint start = network.now();
  const Result<Pair> pair =
      run(network.host("a"), connect_pair(network.host("a"), network.host("b")));
  ASSERT_TRUE(pair.ok()) << pair.status().to_string();
  EXPECT_EQ(network.now() - start, 20ms);
  EXPECT_EQ(pair->client->peer_address(), Address::memory("b", 80));
  EXPECT_EQ(pair->client->local_address(), pair->server->peer_address());
}

TEST(SimLoop, RefusesWhereNobodyListensAndWhereAHostIsDown) {
  SimNetwork network(1);
  SimLoop& a = network.host("a");
  SimLoop& b = network.host("b");
  EXPECT_EQ(run(a, a.connect(Address::memory("b", 80))).status().to_string(),
            "UNAVAILABLE: memory:b:80: connection refused");
  EXPECT_EQ(run(a, a.connect(Address::memory("c", 80))).status().code(), StatusCode::Unavailable);
  Accepting accepting;
  ASSERT_TRUE(accepting.start(b, Address::memory("b", 80)).ok());
  network.set_down("b", true);
  EXPECT_EQ(run(a, a.connect(Address::memory("b", 80))).status().to_string(),
            "UNAVAILABLE: memory:b:80: connection refused");
  network.set_down("b", false);
  EXPECT_TRUE(run(a, a.connect(Address::memory("b", 80))).ok());
}

TEST(SimLoop, TimesOutConnectingIntoAPartitionUnlessCancelledBefore) {
  SimNetwork network(1);
  SimLoop& a = network.host("a");
  network.host("b");
  network.partition("a", "b");
  EXPECT_EQ(run(a, a.connect(Address::memory("b", 80))).status().to_string(),
            "UNAVAILABLE: memory:b:80: timed out");
  Context context;
  context.limit_deadline(a.now() + 1s);
  EXPECT_EQ(run(a, a.connect(Address::memory("b", 80)), &context).status().to_string(),
            "DEADLINE_EXCEEDED: connecting to memory:b:80: deadline exceeded");
}

TEST(SimLoop, NamesAUsedPortAndAForeignHost) {
  SimNetwork network(1);
  SimLoop& a = network.host("a");
  Accepting first, second;
  ASSERT_TRUE(first.start(a, Address::memory("a", 80)).ok());
  EXPECT_EQ(second.start(a, *Address::ip("::", 80)).status().to_string(),
            "ALREADY_EXISTS: memory:a:80: address in use");
  EXPECT_EQ(second.start(a, Address::memory("b", 80)).status().code(), StatusCode::InvalidArgument);
  first.listener->close();
  EXPECT_TRUE(second.start(a, Address::memory("a", 80)).ok());
}

Task<Status> send_and_end(Stream& stream, std::string data) {
  const Status status = co_await write_all(stream, std::move(data));
  stream.shutdown_write();
  co_return status;
}

/// Sends `size` bytes from a to b over `link`; gives what arrived.
struct Transfer {
  Transfer(std::uint64_t seed, const SimLink& link, std::size_t size)
      : network(seed, link), a(network.host("a")), b(network.host("b")) {
    Rng rng(seed);
    data.resize(size);
    for (char& c : data) c = static_cast<char>(rng());
    Result<Pair> made = run(a, connect_pair(a, b));
    if (!made) throw std::runtime_error(made.status().to_string());
    pair = std::move(made).value();
  }
  void start() {
    writing = send_and_end(*pair.client, data);
    reading = read_to_end(*pair.server);
    const coro::DoneCallback ignore{.function = [](void*) noexcept {}, .argument = nullptr};
    a.enter([&] { writing->start(nullptr, ignore); });
    b.enter([&] { reading->start(nullptr, ignore); });
  }
  bool finish() {
    return network.run_while_not([&] { return writing->done() && reading->done(); });
  }
  SimNetwork network;
  SimLoop& a;
  SimLoop& b;
  std::string data;
  Pair pair;
  std::optional<Task<Status>> writing;
  std::optional<Task<Result<std::string>>> reading;
};

TEST(SimNetwork, DeliversBytesInOrderUnderJitterAndLoss) {
  Transfer transfer(11, {.jitter = 5ms, .window = 10000, .loss = 0.02}, 300000);
  transfer.start();
  ASSERT_TRUE(transfer.finish());
  EXPECT_TRUE(transfer.writing->take().ok());
  EXPECT_EQ(*transfer.reading->take(), transfer.data);
}

TEST(SimNetwork, TakesTheTimeThatTheBandwidthAsksFor) {
  Transfer transfer(12, {.latency = {}, .jitter = {}, .bandwidth = 1'000'000}, 500'000);
  const TimePoint start = transfer.network.now();
  transfer.start();
  ASSERT_TRUE(transfer.finish());
  const Duration took = transfer.network.now() - start;
  EXPECT_GE(took, 499ms);
  EXPECT_LE(took, 600ms);
}

TEST(SimNetwork, HoldsBackBytesDuringAPartition) {
  Transfer transfer(13, {}, 100000);
  transfer.start();
  transfer.network.partition("b", "a");
  EXPECT_FALSE(transfer.network.run_while_not([&] { return transfer.reading->done(); }, 10min));
  transfer.network.heal("a", "b");
  ASSERT_TRUE(transfer.finish());
  EXPECT_EQ(*transfer.reading->take(), transfer.data);
}

TEST(SimNetwork, BreaksConnectionsInTheMiddle) {
  Transfer transfer(14, {.window = 5000}, 1 << 20);
  transfer.start();
  transfer.network.run_for(20ms);
  EXPECT_FALSE(transfer.reading->done());
  transfer.network.break_connections("a", "b");
  ASSERT_TRUE(transfer.finish());
  EXPECT_EQ(transfer.writing->take().to_string(),
            "UNAVAILABLE: memory:b:80: connection reset by peer");
  EXPECT_EQ(transfer.reading->take().status().code(), StatusCode::Unavailable);
}

TEST(SimNetwork, ResetsConnectionsByChance) {
  Transfer transfer(15, {.reset = 0.05}, 1 << 20);
  transfer.start();
  ASSERT_TRUE(transfer.finish());
  EXPECT_EQ(transfer.writing->take().code(), StatusCode::Unavailable);
}

TEST(SimNetwork, ClosingWithUnreadBytesResetsThePeer) {
  Transfer transfer(16, {}, 1000);
  transfer.start();
  transfer.reading.reset();
  transfer.network.run_for(1s);
  transfer.pair.server.reset();
  const Result<std::string> heard = run(transfer.a, read_some(*transfer.pair.client));
  EXPECT_EQ(heard.status().to_string(), "UNAVAILABLE: memory:b:80: connection reset by peer");
}

TEST(SimNetwork, ForgetsConnectionsThatBothEndsHaveLeft) {
  Transfer transfer(17, {}, 1000);
  transfer.start();
  ASSERT_TRUE(transfer.finish());
  EXPECT_EQ(transfer.network.connections(), 1U);
  transfer.pair = {};
  EXPECT_TRUE(transfer.network.run_until_idle());
  EXPECT_EQ(transfer.network.connections(), 0U);
}

std::uint64_t trace_of(std::uint64_t seed) {
  Transfer transfer(seed, {.jitter = 3ms, .loss = 0.01, .reset = 0.001}, 200000);
  transfer.start();
  EXPECT_TRUE(transfer.finish());
  return transfer.network.trace_hash();
}

TEST(SimNetwork, RepeatsARunExactlyFromItsSeed) {
  EXPECT_EQ(trace_of(21), trace_of(21));
  EXPECT_NE(trace_of(21), trace_of(22));
}

/// Is due again whenever it expires.
struct Restless : Timer {
  explicit Restless(Loop& on)
      : Timer([](Timer& timer) noexcept {
          auto& self = static_cast<Restless&>(timer);
          self.loop.arm(self, self.loop.now());
        }),
        loop(on) {}
  Loop& loop;
};

TEST(SimNetworkDeathTest, EndsARunThatDoesNotGetOn) {
  SimNetwork network(1);
  Restless timer(network.host("a"));
  network.host("a").arm(timer, network.now());
  EXPECT_DEATH(network.run_for(std::chrono::seconds(1)), "does not get on");
}

TEST(SimNetwork, FreesWorkThatWasPostedAndNeverRan) {
  auto token = std::make_shared<int>(1);
  {
    SimNetwork network(1);
    network.host("a").post([token] {});
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(FaultStream, CarriesEveryByteInSpiteOfItsFaults) {
  for (const std::uint64_t seed : {31, 32, 33}) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Transfer transfer(seed, {.window = 20000}, 100000);
    const FaultOptions options{
        .short_read = 0.5, .short_write = 0.5, .would_block = 0.3, .delay = 1ms};
    transfer.pair.client =
        std::make_unique<FaultStream>(std::move(transfer.pair.client), transfer.a, seed, options);
    transfer.pair.server = std::make_unique<FaultStream>(std::move(transfer.pair.server),
                                                         transfer.b, seed + 1, options);
    transfer.start();
    ASSERT_TRUE(transfer.finish());
    EXPECT_TRUE(transfer.writing->take().ok());
    EXPECT_EQ(*transfer.reading->take(), transfer.data);
  }
}

TEST(FaultStream, ResetsAfterItsBytes) {
  Transfer transfer(34, {}, 100000);
  transfer.pair.server = std::make_unique<FaultStream>(std::move(transfer.pair.server), transfer.b,
                                                       1, FaultOptions{.reset_after = 5000});
  transfer.start();
  ASSERT_TRUE(transfer.finish());
  EXPECT_EQ(transfer.reading->take().status().code(), StatusCode::Unavailable);
  // Whoever asks again is told again.
  const Result<std::string> again = run(transfer.b, read_some(*transfer.pair.server));
  EXPECT_EQ(again.status().code(), StatusCode::Unavailable);
}

}  // namespace
}  // namespace weft::net
