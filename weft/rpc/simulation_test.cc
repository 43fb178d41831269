// Random calls over a random network, from seeds: whatever happens, each call ends once, tells the
// truth, and leaves nothing behind.

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/internal/test_service.h"
#include "weft/rpc/server.h"
#include "weft/testing/run.h"

namespace weft::rpc {
namespace {

using namespace std::chrono_literals;
using test::Kinds;
using test::Text;
using test::text;

/// Counts how often each call is served, over all servers of a run.
struct Ledger {
  std::map<std::string, int> served;
  int running = 0;
};

struct Counted : Kinds {
  explicit Counted(Ledger& book) : ledger(book) {}
  Task<Result<Text>> Unary(ServerContext&, const Text& request) override {
    return serve_one(ledger, request);
  }
  static Task<Result<Text>> serve_one(Ledger& ledger, const Text& request) {
    ++ledger.served[request.value().substr(0, request.value().find(' '))];
    ++ledger.running;
    Rng& rng = net::Loop::current()->rng();
    const Status slept = co_await net::sleep(Duration(rng.below(20'000'000)));
    --ledger.running;
    if (!slept.ok()) co_return slept;
    co_return request;
  }
  Ledger& ledger;
};

struct Tally {
  int ok = 0;
  int failed = 0;
  std::vector<std::string> wrong;
};

Task<Status> unary_call(Channel& channel, std::string id, Duration timeout, std::size_t size,
                        Tally& tally) {
  const Text request = text(id + " " + std::string(size, 'u'));
  const CallOptions options{.timeout = timeout, .wait_for_ready = size % 2 == 0};
  const Result<Text> reply = co_await test::unary(channel, request, options);
  if (reply.ok() && reply->value() != request.value()) tally.wrong.push_back(id + ": not its echo");
  co_return reply.status();
}

Task<Status> chat_call(Channel& channel, std::string id, Duration timeout, std::size_t rounds,
                       Tally& tally) {
  auto stream = co_await test::chat(channel, {.timeout = timeout});
  std::size_t received = 0;
  for (std::size_t i = 0; i < rounds; ++i) {
    const Text message = text(id + std::string(i * 100, 'c'));
    if (!co_await stream.write(message)) break;
    const std::optional<Text> echo = co_await stream.read();
    if (!echo) break;
    if (echo->value() != message.value()) tally.wrong.push_back(id + ": not its echo");
    ++received;
  }
  Status status = co_await stream.finish();
  if (status.ok() && received != rounds)
    tally.wrong.push_back(id + ": OK, but messages are missing");
  co_return status;
}

Task<Status> collect_call(Channel& channel, std::string id, Duration timeout, std::size_t parts,
                          Tally& tally) {
  auto stream = co_await test::collect(channel, {.timeout = timeout});
  std::size_t sent = 0;
  for (std::size_t i = 0; i < parts; ++i) {
    const Text part = text(std::string(3000, 'p'));
    if (!co_await stream.write(part)) break;
    sent += 3000;
  }
  const Result<Text> reply = co_await stream.finish();
  if (reply.ok() && (sent != parts * 3000 || reply->value().size() != sent)) {
    tally.wrong.push_back(id + ": OK, but parts are missing");
  }
  co_return reply.status();
}

Task<Status> expand_call(Channel& channel, std::string id, Duration timeout, std::size_t count,
                         Tally& tally) {
  const Text request = text(std::string(count, 'e'));
  auto stream = co_await test::expand(channel, request, {.timeout = timeout});
  std::size_t received = 0;
  while (const std::optional<Text> part = co_await stream.read()) {
    ++received;
    if (received == 50 && count % 3 == 0) co_return cancelled("left early");
  }
  Status status = co_await stream.finish();
  if (status.ok() && received != count)
    tally.wrong.push_back(id + ": OK, but responses are missing");
  co_return status;
}

Task<> one_call(Channel& channel, int number, Tally& tally) {
  Rng& rng = net::Loop::current()->rng();
  std::string id = "call-" + std::to_string(number);
  const Duration timeout = std::chrono::milliseconds(1 + rng.below(3000));
  const std::size_t kind = rng.below(6);
  Task<Status> call = kind == 0   ? chat_call(channel, id, timeout, rng.below(20), tally)
                      : kind == 1 ? collect_call(channel, id, timeout, rng.below(60), tally)
                      : kind == 2 ? expand_call(channel, id, timeout, rng.below(300), tally)
                                  : unary_call(channel, id, timeout, rng.below(5000), tally);
  const Status status = co_await std::move(call);
  status.ok() ? ++tally.ok : ++tally.failed;
  const bool expected = status.ok() || status.code() == StatusCode::Unavailable ||
                        status.code() == StatusCode::DeadlineExceeded ||
                        status.code() == StatusCode::Cancelled;
  if (!expected) tally.wrong.push_back(id + ": " + status.to_string());
}

Task<> many_calls(Channel& channel, int count, Tally& tally) {
  Rng& rng = net::Loop::current()->rng();
  Scope scope(co_await current_context());
  for (int i = 0; i < count; ++i) {
    scope.spawn(one_call(channel, i, tally));
    static_cast<void>(co_await net::sleep(Duration(rng.below(10'000'000))));
  }
  co_await scope.join();
}

/// Does something bad to the network or the server every now and then.
void trouble(net::SimNetwork& network, std::unique_ptr<Server>& server, Ledger& ledger) {
  net::SimLoop& host = network.host("server");
  switch (network.rng().below(6)) {
    case 0:
      return network.break_connections("client", "server");
    case 1:
      return network.partition("client", "server");
    case 2:
      return network.heal("client", "server");
    case 3: {
      server.reset();
      network.run_for(1ms);
      server = std::make_unique<Server>(ServerOptions{.listen = ":1",
                                                      .loops = {&host},
                                                      .max_calls_per_connection = 8,
                                                      .max_connection_age = 300ms});
      server->add<Counted>(ledger);
      EXPECT_TRUE(server->start().ok());
      return;
    }
    default:
      return;
  }
}

TEST(Simulation, EachCallEndsOnceWithTheTruthAndLeavesNothingBehind) {
  int ok = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    net::SimNetwork network(
        seed, {.latency = 1ms, .jitter = 2ms, .loss = 0.01, .retransmit = 50ms, .reset = 0.001});
    Ledger ledger;
    std::unique_ptr<Server> server;
    network.host("server");
    auto channel =
        std::make_unique<Channel>("server:1", ChannelOptions{.initial_backoff = 20ms,
                                                             .connect_timeout = 500ms,
                                                             .keepalive_time = 1s,
                                                             .keepalive_timeout = 300ms});
    net::SimLoop& client = network.host("client");
    Tally tally;
    Task<> calls = many_calls(*channel, 150, tally);
    client.enter([&] { calls.start(nullptr, {[](void*) noexcept {}, nullptr}); });
    while (server == nullptr) trouble(network, server, ledger);
    for (int i = 0; i < 200 && !calls.done(); ++i) {
      network.run_for(Duration(network.rng().below(50'000'000)));
      trouble(network, server, ledger);
    }
    network.heal("client", "server");
    ASSERT_TRUE(network.run_while_not([&] { return calls.done(); }, 1min));
    EXPECT_EQ(tally.ok + tally.failed, 150);
    EXPECT_EQ(tally.wrong, std::vector<std::string>{});
    for (const auto& [id, times] : ledger.served) EXPECT_EQ(times, 1) << id;
    channel.reset();
    network.run_for(1min);
    EXPECT_EQ(server->active_calls(), 0U);
    EXPECT_EQ(server->active_connections(), 0U);
    EXPECT_EQ(ledger.running, 0);
    server.reset();
    EXPECT_TRUE(network.run_until_idle());
    EXPECT_EQ(network.connections(), 0U);
    ok += tally.ok;
  }
  // The trouble is not so great that nothing works.
  EXPECT_GT(ok, 1000);
}

}  // namespace
}  // namespace weft::rpc
