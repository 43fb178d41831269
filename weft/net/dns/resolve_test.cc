// Looking names up, against a name server in this process.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "weft/net/dns/internal/dns_message.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/internal/test_io.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/testing/name_server.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using test::run;
using testing::NameServer;

std::string number(std::uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

std::vector<std::string> texts(const Result<std::vector<Address>>& result) {
  std::vector<std::string> all;
  if (!result) return {result.status().to_string()};
  for (const Address& address : *result) all.push_back(address.to_string());
  std::sort(all.begin(), all.end());
  return all;
}

const std::string kV4("\x0a\x00\x00\x07", 4);
const std::string kV6("\xfd\x00\0\0\0\0\0\0\0\0\0\0\0\0\0\x09", 16);

TEST(Resolve, AnswersLiteralsAtOnce) {
  AsioLoop loop;
  EXPECT_EQ(texts(run(loop, loop.resolve("127.0.0.1", 80))),
            std::vector<std::string>{"127.0.0.1:80"});
  EXPECT_EQ(texts(run(loop, loop.resolve("::1", 80))), std::vector<std::string>{"[::1]:80"});
  EXPECT_EQ(run(loop, loop.resolve("", 80)).status().code(), StatusCode::InvalidArgument);
}

TEST(Resolve, KnowsLocalhost) {
  AsioLoop loop;
  // The last two have the root's dot, which makes them names that no hosts file has.
  for (const char* name : {"localhost", "localhost.", "LocalHost."}) {
    const std::vector<std::string> found = texts(run(loop, loop.resolve(name, 80)));
    EXPECT_NE(std::find(found.begin(), found.end(), "127.0.0.1:80"), found.end())
        << name << ": " << ::testing::PrintToString(found);
  }
}

TEST(Resolve, GathersTheAddressesOfBothFamilies) {
  AsioLoop loop;
  NameServer server(loop);
  server.names["both.test"] = {.v4 = {kV4, "\x0a\x01\x01\x08"}, .v6 = {kV6}};
  server.names["four.test"] = {.v4 = {kV4}};
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  EXPECT_EQ(texts(run(loop, loop.resolve("both.test", 50051))),
            (std::vector<std::string>{"10.0.0.7:50051", "10.1.1.8:50051", "[fd00::9]:50051"}));
  EXPECT_EQ(texts(run(loop, loop.resolve("four.test", 1))), std::vector<std::string>{"10.0.0.7:1"});
}

TEST(Resolve, NamesTheHostThatDoesNotExist) {
  AsioLoop loop;
  NameServer server(loop);
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  EXPECT_EQ(texts(run(loop, loop.resolve("missing.test", 1))),
            std::vector<std::string>{
                "UNAVAILABLE: name 'missing.test' cannot be resolved: domain name not found"});
}

TEST(Resolve, SaysWhenANameHasNoAddresses) {
  AsioLoop loop;
  NameServer server(loop);
  server.names["empty.test"] = {};
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  const Status status = run(loop, loop.resolve("empty.test", 1)).status();
  EXPECT_EQ(status.code(), StatusCode::Unavailable);
  EXPECT_NE(status.message().find("'empty.test' cannot be resolved: "), std::string_view::npos);
}

Task<Status> serve_tcp(NameServer& server, test::Accepting& accepting, int answers) {
  for (int i = 0; i < answers; ++i) {
    const std::unique_ptr<Stream> stream = co_await accepting.next();
    // c-ares sends both questions on one connection, each behind its length.
    while (true) {
      const Result<std::string> length = co_await test::read_exactly(*stream, 2);
      if (!length || length->size() < 2) break;
      const auto size = static_cast<std::size_t>(static_cast<unsigned char>((*length)[1]));
      const Result<std::string> query = co_await test::read_exactly(*stream, size);
      if (!query) break;
      const std::string reply = server.answer(*query, true);
      std::string framed = number(static_cast<std::uint16_t>(reply.size())) + reply;
      const Status status = co_await test::write_all(*stream, std::move(framed));
      if (!status.ok()) co_return status;
    }
  }
  co_return ok_status();
}

TEST(Resolve, AsksAgainOverTcpWhenTheAnswerWasTruncated) {
  AsioLoop loop;
  NameServer server(loop);
  server.names["long.test"] = {.v4 = {kV4}, .v6 = {kV6}, .truncated = true};
  test::Accepting accepting;
  const Result<Address> bound = accepting.start(loop, *Address::ip("127.0.0.1", server.port()));
  if (!bound) GTEST_SKIP() << "the UDP port is taken for TCP: " << bound.status().to_string();
  Task<Status> serving = serve_tcp(server, accepting, 10);
  loop.enter(
      [&] { serving.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr}); });
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  EXPECT_EQ(texts(run(loop, loop.resolve("long.test", 1))),
            (std::vector<std::string>{"10.0.0.7:1", "[fd00::9]:1"}));
}

TEST(Resolve, EndsWhenItsContextIsCancelledOrExpires) {
  AsioLoop loop;
  NameServer server(loop);
  server.names["silent.test"] = {.silent = true};
  server.names["four.test"] = {.v4 = {kV4}};
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  Context context;
  loop.post([&] { context.cancel(cancelled("no longer wanted")); });
  EXPECT_EQ(run(loop, loop.resolve("silent.test", 1), &context).status().to_string(),
            "CANCELLED: name 'silent.test' cannot be resolved: no longer wanted");
  Context expiring;
  expiring.limit_deadline(loop.now() + 2ms);
  EXPECT_EQ(run(loop, loop.resolve("silent.test", 1), &expiring).status().code(),
            StatusCode::DeadlineExceeded);
  // What was given up does not disturb what is asked next.
  EXPECT_EQ(texts(run(loop, loop.resolve("four.test", 1))), std::vector<std::string>{"10.0.0.7:1"});
}

TEST(Resolve, MayBeDestroyedMidwayWithItsLoop) {
  AsioLoop loop;
  NameServer server(loop);
  server.names["silent.test"] = {.silent = true};
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  Task<Result<std::vector<Address>>> task = loop.resolve("silent.test", 1);
  loop.enter(
      [&] { task.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr}); });
  { Task<Result<std::vector<Address>>> ended = std::move(task); }
  EXPECT_TRUE(run(loop, sleep(1ms)).ok());
}

TEST(Resolve, RefusesNameServersItCannotRead) {
  AsioLoop loop;
  const Status status = loop.set_name_servers("not an address");
  EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
  EXPECT_NE(status.message().find("'not an address'"), std::string_view::npos);
}

Result<DnsAnswer> look_up(AsioLoop& loop, DnsQuestion question) {
  return run(loop, loop.look_up(std::move(question)));
}

TEST(LookUp, SaysHowLongTheAnswerHolds) {
  AsioLoop loop;
  NameServer server(loop);
  server.names["brief.test"] = {.v4 = {kV4}, .v6 = {kV6}, .ttl = 7};
  server.names["alias.test"] = {.alias_of = "brief.test", .ttl = 5};
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  EXPECT_EQ(look_up(loop, DnsQuestion("brief.test"))->ttl, 7s);
  EXPECT_EQ(look_up(loop, DnsQuestion("alias.test"))->ttl, 5s);
  EXPECT_EQ(look_up(loop, DnsQuestion("127.0.0.1"))->ttl, kForever);
  EXPECT_EQ(look_up(loop, DnsQuestion("localhost"))->ttl, kForever);
}

TEST(LookUp, FindsANameThatHasAddressesOfOneFamilyOnly) {
  AsioLoop loop;
  NameServer server(loop);
  server.names["six.test"] = {.v6 = {kV6}};
  server.names["four.test"] = {.v4 = {kV4}};
  server.names["alias6.test"] = {.alias_of = "six.test"};
  server.names["alias4.test"] = {.alias_of = "four.test"};
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  for (const std::string name : {"six.test", "alias6.test"}) {
    EXPECT_EQ(texts(run(loop, loop.resolve(name, 1))), std::vector<std::string>{"[fd00::9]:1"});
  }
  EXPECT_EQ(texts(run(loop, loop.resolve("alias4.test", 1))),
            std::vector<std::string>{"10.0.0.7:1"});
}

TEST(LookUp, FindsServicesWithTheirPrioritiesAndWeights) {
  AsioLoop loop;
  NameServer server(loop);
  server.names["_grpc._tcp.test"] = {
      .services = {{.host = "a.test", .port = 80, .priority = 1, .weight = 3},
                   {.host = "b.test", .port = 81, .priority = 2, .weight = 0}},
      .ttl = 9};
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  const Result<DnsAnswer> answer =
      look_up(loop, DnsQuestion("_grpc._tcp.test", DnsQuestion::Kind::Services));
  ASSERT_TRUE(answer.ok()) << answer.status().to_string();
  EXPECT_EQ(answer->ttl, 9s);
  ASSERT_EQ(answer->services.size(), 2u);
  EXPECT_EQ(answer->services[0].host, "a.test");
  EXPECT_EQ(answer->services[0].port, 80);
  EXPECT_EQ(answer->services[0].weight, 3);
  EXPECT_EQ(answer->services[1].priority, 2);
  server.names["empty.test"] = {};
  EXPECT_FALSE(look_up(loop, DnsQuestion("empty.test", DnsQuestion::Kind::Services)).ok());
}

TEST(LookUp, AsksTheNameServersOfTheQuestion) {
  AsioLoop loop;
  NameServer usual(loop);
  NameServer other(loop);
  other.names["four.test"] = {.v4 = {kV4}};
  ASSERT_TRUE(loop.set_name_servers(usual.address()).ok());
  DnsQuestion question("four.test");
  EXPECT_FALSE(look_up(loop, question).ok());
  question.servers = other.address();
  const Result<DnsAnswer> answer = look_up(loop, question);
  ASSERT_TRUE(answer.ok()) << answer.status().to_string();
  EXPECT_EQ(answer->addresses.front().to_string(), "10.0.0.7:0");
  EXPECT_EQ(usual.queries() > 0, other.queries() > 0);
  question.servers = "none";
  EXPECT_EQ(look_up(loop, question).status().code(), StatusCode::InvalidArgument);
}

TEST(LookUp, TellsAFailingServerFromAMissingName) {
  AsioLoop loop;
  NameServer server(loop);
  server.names["broken.test"] = {.response_code = 2};
  ASSERT_TRUE(loop.set_name_servers(server.address()).ok());
  const Status broken = look_up(loop, DnsQuestion("broken.test")).status();
  const Status missing = look_up(loop, DnsQuestion("missing.test")).status();
  EXPECT_EQ(broken.code(), StatusCode::Unavailable);
  EXPECT_NE(missing.message().find("domain name not found"), std::string_view::npos);
  EXPECT_EQ(broken.message().find("not found"), std::string_view::npos) << broken.message();
}

TEST(LookUp, GivesInASimulationWhatWasScripted) {
  SimNetwork network(1);
  SimLoop& host = network.host("client");
  network.host("server");
  DnsAnswer answer;
  answer.addresses = {Address::memory("a"), Address::memory("b", 9)};
  answer.ttl = 30s;
  network.set_answer("service", answer);
  network.set_answer("gone", unavailable("domain name not found"));
  std::vector<std::string> found;
  const auto ask = [&](std::string name) {
    Task<Result<std::vector<Address>>> task = host.resolve(std::move(name), 7);
    host.enter(
        [&] { task.start(nullptr, {.function = [](void*) noexcept {}, .argument = nullptr}); });
    EXPECT_TRUE(network.run_while_not([&] { return task.done(); }));
    return texts(task.take());
  };
  EXPECT_EQ(ask("service"), (std::vector<std::string>{"memory:a:7", "memory:b:9"}));
  EXPECT_EQ(ask("gone"), std::vector<std::string>{"UNAVAILABLE: name 'gone' cannot be resolved: "
                                                  "domain name not found"});
  EXPECT_EQ(ask("server"), std::vector<std::string>{"memory:server:7"});
  EXPECT_EQ(network.questions(), 3u);
}

TEST(DnsMessage, HasTheLeastTtlOfItsAnswers) {
  const std::string header("\x12\x34\x81\x80\0\1\0\2\0\0\0\0", 12);
  const std::string question("\1a\0\0\x21\0\1", 7);
  const std::string first("\xc0\x0c\0\x21\0\1\0\0\0\x3c\0\1x", 13);
  const std::string second("\1b\0\0\x21\0\1\0\0\0\x09\0\0", 13);
  const std::string whole = header + question + first + second;
  EXPECT_EQ(internal::least_ttl(whole), 9u);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(internal::least_ttl(whole.substr(0, size)), 0u) << size;
  }
}

}  // namespace
}  // namespace weft::net
