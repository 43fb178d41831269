// A channel that speaks Go's net/rpc/jsonrpc, in virtual time: with this room's server, and with
// servers that send bytes.

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/all.h"
#include "weft/coro/scope.h"
#include "weft/foreign/go_rpc/client_transport.h"
#include "weft/foreign/go_rpc/go_rpc.h"
#include "weft/foreign/internal/test_foreign.h"

namespace weft::foreign {
namespace {

using namespace std::chrono_literals;
using test::Arith;
using ::test::v1::ArithClient;
using ::testing::HasSubstr;
using testing::InProcess;

/// Calls by a channel to a server.
class JsonClient : public ::testing::Test {
 protected:
  JsonClient() : arith_(world_.add<Arith>()) {
    world_.server().add(go_rpc());
    world_.start();
  }
  Channel& channel() {
    if (channel_ == nullptr) channel_ = std::make_unique<Channel>("go+json://server:50051");
    return *channel_;
  }
  std::string multiply(std::int64_t a, std::int64_t b) {
    const ArithClient client(channel());
    ::test::v1::Args args;
    args.set_a(a);
    args.set_b(b);
    const auto reply = world_.run(client.Multiply(args, {.timeout = 5s}));
    return reply.ok() ? std::to_string(reply->value()) : reply.status().to_string();
  }
  Task<std::string> slow(std::int64_t milliseconds, Duration timeout) {
    const ArithClient client(channel());
    google::protobuf::Int64Value request;
    request.set_value(milliseconds);
    const auto reply = co_await client.Slow(request, {.timeout = timeout});
    co_return reply.ok() ? std::to_string(reply->value()) : reply.status().to_string();
  }

  static Task<> begin(Scope& scope, Task<> task) {
    scope.spawn(std::move(task));
    co_return;
  }

  InProcess world_;
  Arith& arith_;
  std::unique_ptr<Channel> channel_;
};

TEST_F(JsonClient, CallsByTheSameStubs) {
  EXPECT_EQ(multiply(7, 8), "56");
  EXPECT_EQ(multiply(-3, 9007199254740993), "-27021597764222979");
  EXPECT_EQ(world_.server().active_connections(), 1U);
}

TEST_F(JsonClient, CarriesEveryKindOfField) {
  ::test::v1::Everything all;
  all.set_flag(true);
  all.set_small(-1);
  all.set_large(INT64_MIN);
  all.set_count(UINT32_MAX);
  all.set_huge(UINT64_MAX);
  all.set_ratio(0.1);
  all.set_part(1.5F);
  all.set_text("a \"text\"\n");
  all.set_data(std::string("\0\xff", 2));
  all.set_color(::test::v1::Everything::GREEN);
  all.add_numbers(INT64_MAX);
  all.add_words("x");
  all.add_blobs("y");
  (*all.mutable_by_name())["k"] = 1;
  (*all.mutable_by_number())[-5].set_name("inner");
  all.mutable_inner()->add_children()->set_name("child");
  all.add_inners();
  all.set_id(3);
  all.mutable_maybe()->set_value(0);
  const ArithClient client(channel());
  const auto reply = world_.run(client.Echo(all));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->SerializeAsString(), all.SerializeAsString());
}

TEST_F(JsonClient, ReadsCodesInFrontOfErrors) {
  const ArithClient client(channel());
  const auto reply = world_.run(client.Divide(::test::v1::Args()));
  EXPECT_EQ(reply.status(), invalid_argument("divide by \"zero\""));
  EXPECT_EQ(reply.status().origin(), Origin::Peer);
}

TEST_F(JsonClient, HasManyCallsOnOneConnection) {
  std::vector<Task<std::string>> calls;
  for (const std::int64_t time : {30, 10, 20}) calls.push_back(slow(time, 5s));
  const auto answers = world_.run(all(std::move(calls)));
  EXPECT_THAT(answers, ::testing::ElementsAre("30", "10", "20"));
  EXPECT_EQ(world_.server().active_connections(), 1U);
}

TEST_F(JsonClient, EndsCallsAtTheirDeadline) {
  EXPECT_THAT(world_.run(slow(60'000, 100ms)), HasSubstr("DEADLINE_EXCEEDED"));
  EXPECT_EQ(multiply(2, 3), "6");
}

TEST_F(JsonClient, SaysWhereNobodyListens) {
  channel_ = std::make_unique<Channel>("go+json://server:1");
  EXPECT_THAT(multiply(1, 1), HasSubstr("UNAVAILABLE: go+json://server:1: "));
}

TEST_F(JsonClient, RefusesTargetsWithoutAPort) {
  channel_ = std::make_unique<Channel>("go+json://server");
  EXPECT_THAT(multiply(1, 1), HasSubstr("INVALID_ARGUMENT: the channel's target go+json://server"));
}

TEST_F(JsonClient, EndsCallsWithTheChannel) {
  Scope scope(nullptr);
  const auto drop = [](InProcess& world, std::unique_ptr<Channel>& channel) -> Task<> {
    net::Wait wait(world.client_host(), after(world.now(), 10ms));
    static_cast<void>(co_await wait);
    channel.reset();
  };
  auto call = slow(60'000, 1min);
  testing::run(world_.client_host(), begin(scope, drop(world_, channel_)));
  EXPECT_THAT(world_.run(std::move(call)), HasSubstr("CANCELLED: the channel was destroyed"));
  world_.run(scope.join());
}

/// What a call of Multiply comes to where a server answers it with `bytes` and closes.
std::string told(const std::string& bytes) {
  net::SimNetwork network(1);
  net::SimLoop& server = network.host("go");
  std::unique_ptr<net::Stream> stream;
  Scope scope(nullptr);
  const auto answer = [](net::Loop& loop, net::Stream& to, std::string what) -> Task<> {
    net::StreamIo io(loop, to);
    std::array<char, 1024> block;
    static_cast<void>(co_await io.read(block));
    static_cast<void>(co_await io.write(what));
    net::Wait wait(loop, after(loop.now(), 100ms));
    static_cast<void>(co_await wait);
    to.close();
  };
  auto listener = server.listen(net::Address::memory("go", 7), {},
                                [&](std::unique_ptr<net::Accepted> accepted) {
                                  stream = accepted->bind_to(server);
                                  scope.spawn(answer(server, *stream, bytes));
                                });
  Channel channel("go+json://go:7");
  const ArithClient client(channel);
  const auto reply =
      testing::run(network.host("client"), client.Multiply(::test::v1::Args(), {.timeout = 5s}));
  testing::run(server, scope.join());
  return reply.ok() ? std::to_string(reply->value()) : reply.status().to_string();
}

TEST(AnswersOfGo, AreReadWhateverTheirErrorIs) {
  EXPECT_EQ(told(R"({"id":0,"result":56,"error":null})"), "56");
  EXPECT_EQ(told(R"({"result":"56","x":[{"y":"}"}],"id":0})"), "56");
  EXPECT_EQ(told(R"({"id":0,"result":null,"error":"divide by \u0041"})"), "UNKNOWN: divide by A");
  EXPECT_EQ(told(R"({"id":0,"result":null,"error":"ABORTED: again"})"), "ABORTED: again");
  EXPECT_EQ(told(R"({"id":0,"result":null,"error":"rpc: can't find service Arith.Multiply"})"),
            "UNIMPLEMENTED: rpc: can't find service Arith.Multiply");
  EXPECT_EQ(told(R"({"id":0,"result":null,"error":{"code":1}})"), "UNKNOWN: {\"code\":1}");
}

TEST(AnswersOfGo, AreNamedWhereTheyAreWrong) {
  EXPECT_THAT(told(R"({"id":0,"result":{"a":1},"error":null})"),
              HasSubstr("INTERNAL: the server's result is no google.protobuf.Int64Value: line 1"));
  EXPECT_THAT(told("HTTP/1.1 400 Bad Request\r\n"),
              HasSubstr("INTERNAL: go+json://go:7: the server's answer: expected a JSON object"));
  EXPECT_THAT(told(R"({"id":"x","result":1})"), HasSubstr("it has no id that is a number"));
  EXPECT_THAT(told(R"({"id":7,"result":1,"error":null})"),
              HasSubstr("UNAVAILABLE: go+json://go:7: the connection was lost ("));
}

}  // namespace
}  // namespace weft::foreign
