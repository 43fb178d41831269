// Calls over a real nats-server, which is killed, frozen and restarted.

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/messaging/nats/transport.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/rpc/channel.h"
#include "weft/testing/certificates.h"
#include "weft/testing/run.h"

#include "tests/nats/nats_process.h"
#include "tests/nats/orders_service.h"

namespace weft::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

store::OrderRequest order(const std::string& item, std::uint32_t count = 1) {
  store::OrderRequest request;
  request.set_item(item);
  request.set_count(count);
  return request;
}

/// A server of two loops, which is stopped at the end.
struct Running {
  explicit Running(const std::string& address, nats::Options options = {})
      : server({.threads = 2}) {
    server.add(nats::transport(address, std::move(options)));
    orders = &server.add<Orders>();
    const Status started = server.start();
    EXPECT_TRUE(started.ok()) << started;
  }
  Server server;
  Orders* orders;
};

class Nats : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!have_nats()) GTEST_SKIP() << "there is no nats-server (./dev setup unpacks one)";
  }
  template <class T>
  T run(Task<T> task) {
    return weft::testing::run(loop, std::move(task), 20s);
  }
  void open(const std::string& target, ChannelOptions options = {}) {
    channel = std::make_unique<Channel>(target, std::move(options));
  }
  Result<store::OrderReply> place(const store::OrderRequest& request, CallOptions options = {}) {
    // A server may still be on its way to the broker.
    options.wait_for_ready = true;
    if (options.timeout == kForever) options.timeout = 15s;
    return run(store::OrdersClient(*channel).Place(request, options));
  }
  /// As above, of a call that does not wait for a server.
  Status place_now(const store::OrderRequest& request) {
    return run(store::OrdersClient(*channel).Place(request, {.timeout = 10s})).status();
  }

  net::AsioLoop loop;
  std::unique_ptr<Channel> channel;
};

TEST_F(Nats, BringsCallsFromChannelsToServers) {
  const NatsProcess broker;
  const Running server(broker.url());
  open(broker.url());
  Metadata sent;
  sent.add("x-user", "me");
  Metadata head;
  Metadata tail;
  Result<store::OrderReply> reply =
      place(order("tea", 3), {.metadata = &sent, .response_metadata = &head});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->text(), "3 of tea for me");
  EXPECT_EQ(head.get("x-head"), "start");
  const Status failed = place(order("unknown"), {.trailers = &tail}).status();
  EXPECT_EQ(failed, not_found("no item \"unknown\""));
  EXPECT_EQ(failed.details(), "details");
  EXPECT_EQ(tail.get("x-tail"), "end");
  EXPECT_EQ(place(order("sleep"), {.timeout = 100ms}).status().code(),
            StatusCode::DeadlineExceeded);
  reply = place(order("large", 500'000), {.compression = Compression::Gzip});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->text().size(), 500'000U);
}

TEST_F(Nats, SaysThatNoServerIsThere) {
  const NatsProcess broker;
  open(broker.url());
  ASSERT_TRUE(run([](Channel& to) -> Task<Status> {
                Status status = co_await to.connect();
                while (!status.ok()) {
                  static_cast<void>(co_await net::sleep(20ms));
                  status = co_await to.connect();
                }
                co_return status;
              }(*channel))
                  .ok());
  const Status status = place_now(order("tea"));
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_EQ(status.origin(), Origin::Transport);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no server takes calls of"));
}

TEST_F(Nats, IsConnectedAgainWhenItIsKilledAndRestarted) {
  NatsProcess broker;
  const Running server(broker.url());
  open(broker.url());
  ASSERT_TRUE(place(order("tea")).ok());
  const store::OrderRequest slow = order("sleep");
  Task<Result<store::OrderReply>> call =
      store::OrdersClient(*channel).Place(slow, {.timeout = 15s});
  loop.enter(
      [&] { call.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr}); });
  while (server.orders->calls < 2) static_cast<void>(run(net::sleep(10ms)));
  broker.kill();
  while (!call.done()) static_cast<void>(run(net::sleep(10ms)));
  const Status lost = call.take().status();
  EXPECT_EQ(lost.code(), StatusCode::Unavailable);
  EXPECT_THAT(std::string(lost.message()), HasSubstr("not known whether the call was served"));
  broker.start();
  for (int i = 0; i < 20; ++i) {
    const Result<store::OrderReply> reply = place(order("tea"));
    EXPECT_TRUE(reply.ok()) << reply.status();
  }
}

TEST_F(Nats, IsTakenForLostWhenItIsFrozen) {
  const NatsProcess broker;
  const Running server(broker.url());
  nats::Options options;
  options.ping_interval = 200ms;
  open(broker.url(), {.transport = nats::client_transport(options)});
  ASSERT_TRUE(place(order("tea")).ok());
  broker.signal(SIGSTOP);
  const Status status = place_now(order("tea"));
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("has not answered"));
  broker.signal(SIGCONT);
  EXPECT_TRUE(place(order("tea")).ok());
}

TEST_F(Nats, SharesCallsAmongServersOfAGroup) {
  const NatsProcess broker;
  const Running one(broker.url());
  const Running two(broker.url());
  open(broker.url());
  int calls = 0;
  for (; calls < 2000 && (one.orders->calls == 0 || two.orders->calls == 0); ++calls) {
    ASSERT_TRUE(place(order("tea")).ok());
  }
  EXPECT_EQ(one.orders->calls + two.orders->calls, calls);
  EXPECT_GT(one.orders->calls, 0);
  EXPECT_GT(two.orders->calls, 0);
}

Task<Status> place_until(Channel& channel, const std::atomic<bool>& enough) {
  const store::OrdersClient orders(channel);
  const store::OrderRequest request = order("tea");
  const CallOptions options{.timeout = 15s};
  while (!enough) {
    const Result<store::OrderReply> reply = co_await orders.Place(request, options);
    if (!reply.ok()) co_return reply.status();
  }
  co_return Status();
}

/// Stops a server once it has served some of them.
Task<Status> place_in_parallel(Channel& channel, std::atomic<bool>& enough, Running& leaving) {
  Scope scope(co_await current_context());
  for (int i = 0; i < 16; ++i) scope.spawn(place_until(channel, enough));
  while (leaving.orders->calls < 500) static_cast<void>(co_await net::sleep(1ms));
  co_await leaving.server.shutdown(10s);
  enough = true;
  co_await scope.join();
  co_return scope.status();
}

TEST_F(Nats, LosesNoCallWhenAServerDrains) {
  const NatsProcess broker;
  const Running stays(broker.url());
  Running leaves(broker.url());
  open(broker.url());
  for (int i = 0; i < 2000 && (stays.orders->calls == 0 || leaves.orders->calls == 0); ++i) {
    ASSERT_TRUE(place(order("tea")).ok());
  }
  std::atomic<bool> enough = false;
  const Status status = run(place_in_parallel(*channel, enough, leaves));
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(Nats, TellsBothSidesOfItsLimit) {
  const NatsProcess broker("max_payload: 10000\n");
  const Running server(broker.url());
  open(broker.url());
  ASSERT_TRUE(place(order("tea")).ok());
  Status status = place(order(std::string(20'000, 'x'))).status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no more than 10000 (its max_payload)"));
  status = place(order("large", 20'000)).status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(status.origin(), Origin::Peer);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no more than 10000 (its max_payload)"));
  // What just fits with its headers passes, and the connection lives.
  EXPECT_TRUE(place(order("large", 9'800)).ok());
}

/// The broker may have been started a moment ago.
Task<Status> refused(Channel& channel) {
  Status status = co_await channel.connect();
  while (status.code() == StatusCode::Unavailable) {
    static_cast<void>(co_await net::sleep(20ms));
    status = co_await channel.connect();
  }
  co_return status;
}

TEST_F(Nats, ChecksUsersAndPasswords) {
  const NatsProcess broker("authorization { user: me, password: \"s:cret\" }\n");
  const Running server(broker.url("me:s%3Acret@"));
  for (const char* credentials : {"", "me:wrong@", "me@"}) {
    open(broker.url(credentials));
    const Status status = run(refused(*channel));
    EXPECT_EQ(status.code(), StatusCode::Unauthenticated) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("refused the credentials"));
  }
  nats::Options options;
  options.user = "me";
  options.password = "s:cret";
  open(broker.url(), {.transport = nats::client_transport(options)});
  EXPECT_TRUE(place(order("tea")).ok());
}

TEST_F(Nats, ChecksTokens) {
  const NatsProcess broker("authorization { token: \"t0ken\" }\n");
  const Running server(broker.url("t0ken@"));
  open(broker.url("other@"));
  EXPECT_EQ(run(refused(*channel)).code(), StatusCode::Unauthenticated);
  open(broker.url("t0ken@"));
  EXPECT_TRUE(place(order("tea")).ok());
}

TEST_F(Nats, ChecksPermissions) {
  const NatsProcess broker(
      "authorization { users: [ { user: server, password: a }\n"
      "  { user: other, password: a, permissions: { publish: \"other.>\", subscribe: \"_INBOX.>\" "
      "} "
      "} ] }\n");
  const Running server(broker.url("server:a@"));
  open(broker.url("server:a@"));
  ASSERT_TRUE(place(order("tea")).ok());
  open(broker.url("other:a@"));
  const Status status = place(order("tea")).status();
  EXPECT_EQ(status.code(), StatusCode::PermissionDenied) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("shop.store.Orders.Place"));
}

TEST_F(Nats, IsReachedOverTls) {
  const weft::testing::CertificateAuthority ca;
  const auto pair = ca.server({.ips = {"127.0.0.1"}});
  const weft::testing::Folder files;
  const NatsProcess broker("tls { cert_file: \"" + files.write("cert", pair.certificate) +
                           "\", key_file: \"" + files.write("key", pair.key) + "\" }\n");
  nats::Options options;
  options.tls.emplace().ca = ca.certificate();
  const Running server(broker.url("", "nats+tls"), options);
  open(broker.url("", "nats+tls"), {.tls = options.tls});
  const Result<store::OrderReply> reply = place(order("large", 200'000));
  ASSERT_TRUE(reply.ok()) << reply.status();
  // Not a CA that the system knows.
  open(broker.url("", "nats+tls"));
  Status status = run(channel->connect());
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("certificate"));
  open(broker.url());
  status = run(refused(*channel));
  EXPECT_EQ(status.code(), StatusCode::FailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("nats+tls://"));
}

}  // namespace
}  // namespace weft::test
