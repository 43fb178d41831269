// dns: and srv:, in virtual time and against a name server in this process.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/cluster/resolvers/resolver.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/testing/name_server.h"
#include "weft/testing/resolving.h"

namespace weft::cluster {
namespace {

using namespace std::chrono_literals;
using testing::NameServer;
using testing::Resolving;
using Texts = std::vector<std::string>;

std::unique_ptr<Resolver> resolver(net::Loop& loop, std::string_view target) {
  Result<std::unique_ptr<Resolver>> made = make_resolver(loop, target);
  EXPECT_TRUE(made.ok()) << made.status().to_string();
  return made.ok() ? *std::move(made) : nullptr;
}

std::string refusal(std::string_view target) {
  net::AsioLoop loop;
  return make_resolver(loop, target).status().to_string();
}

net::DnsAnswer addresses(std::vector<std::string> names, Duration ttl) {
  net::DnsAnswer answer;
  for (const std::string& name : names) answer.addresses.push_back(net::Address::memory(name));
  answer.ttl = ttl;
  return answer;
}

struct Simulated : ::testing::Test {
  net::SimNetwork network{7};
  net::SimLoop& host = network.host("client");
};

TEST_F(Simulated, ANameIsAskedForAgainWhenItsTtlEnds) {
  network.set_answer("greeter", addresses({"a", "b"}, 30s));
  Resolving resolving(host, resolver(host, "dns:///greeter:80"));
  ASSERT_TRUE(resolving.until_lists(1));
  EXPECT_EQ(resolving.texts(), (Texts{"memory:a:80", "memory:b:80"}));
  network.set_answer("greeter", addresses({"b", "c"}, 30s));
  network.run_for(29s);
  EXPECT_EQ(resolving.lists.size(), 1u);
  network.run_for(5s);
  EXPECT_EQ(resolving.texts(), (Texts{"memory:b:80", "memory:c:80"}));
  EXPECT_TRUE(resolving.stop());
}

TEST_F(Simulated, ATtlIsKeptWithinAFloorAndACeiling) {
  network.set_answer("greeter", addresses({"a"}, 0s));
  Resolving resolving(host, resolver(host, "dns:///greeter:80"));
  ASSERT_TRUE(resolving.until_lists(1));
  EXPECT_EQ(resolving.pauses.back().at_least, 5s);
  EXPECT_GE(resolving.pauses.back().at_most, 5s);
  EXPECT_LE(resolving.pauses.back().at_most, 5500ms);
  network.set_answer("greeter", addresses({"a"}, 24h));
  ASSERT_TRUE(resolving.until_lists(2));
  EXPECT_GE(resolving.pauses.back().at_most, 10min);
  EXPECT_LE(resolving.pauses.back().at_most, 11min);
  EXPECT_TRUE(resolving.stop());
}

TEST_F(Simulated, ALostConnectionAsksAgainBeforeTheTtlHasEnded) {
  network.set_answer("greeter", addresses({"a"}, 1h));
  Resolving resolving(host, resolver(host, "dns:///greeter:80"));
  ASSERT_TRUE(resolving.until_lists(1));
  resolving.want();
  network.run_for(4s);
  EXPECT_EQ(resolving.lists.size(), 1u);
  network.run_for(2s);
  EXPECT_EQ(resolving.lists.size(), 2u);
  EXPECT_TRUE(resolving.stop());
}

TEST_F(Simulated, FailuresAreRepeatedAtGrowingAndRandomIntervals) {
  network.set_answer("greeter", unavailable("timeout while contacting DNS servers"));
  Resolving resolving(host, resolver(host, "dns:///greeter:80"));
  ASSERT_TRUE(resolving.until_failures(12, 10min));
  EXPECT_EQ(resolving.failures.front().message(),
            "name 'greeter' cannot be resolved: timeout while contacting DNS servers");
  for (std::size_t i = 0; i < resolving.pauses.size(); ++i) {
    EXPECT_GE(resolving.pauses[i].at_least, 800ms);
    EXPECT_LE(resolving.pauses[i].at_least, 36s);
  }
  EXPECT_LE(resolving.pauses.front().at_least, 1200ms);
  EXPECT_GE(resolving.pauses.back().at_least, 24s);
  network.set_answer("greeter", addresses({"a"}, 30s));
  EXPECT_TRUE(resolving.until_lists(1, 1min));
  EXPECT_TRUE(resolving.stop());
}

TEST_F(Simulated, LooksALiteralHostUpAgainOnlyWhenWanted) {
  network.host("greeter");
  Resolving resolving(host, resolver(host, "greeter:80"));
  ASSERT_TRUE(resolving.until_lists(1));
  network.run_for(24h);
  EXPECT_EQ(network.questions(), 1u);
  resolving.want();
  EXPECT_TRUE(resolving.until_lists(2));
  EXPECT_TRUE(resolving.stop());
}

TEST_F(Simulated, AResolverEndsWithItsLookup) {
  network.set_answer("greeter", addresses({"a"}, 1h));
  { const Resolving dropped(host, resolver(host, "srv:///greeter")); }
  Resolving resolving(host, resolver(host, "dns:///greeter:80"));
  EXPECT_TRUE(resolving.stop());
}

net::DnsAnswer services(std::vector<net::DnsService> list, Duration ttl = 60s) {
  net::DnsAnswer answer;
  answer.services = std::move(list);
  answer.ttl = ttl;
  return answer;
}

net::DnsService service(std::string host, std::uint16_t port, std::uint16_t priority,
                        std::uint16_t weight) {
  return {.host = std::move(host), .port = port, .priority = priority, .weight = weight};
}

TEST_F(Simulated, ServicesAreTheLowestPrioritysHostsWithWeights) {
  network.set_answer("_grpc._tcp.x", services({service("c", 83, 20, 1), service("a", 81, 10, 5),
                                               service("b", 82, 10, 0)}));
  network.set_answer("a", addresses({"a4", "a6"}, 10s));
  network.set_answer("b", addresses({"b4"}, 1h));
  Resolving resolving(host, resolver(host, "srv:///_grpc._tcp.x"));
  ASSERT_TRUE(resolving.until_lists(1));
  EXPECT_EQ(resolving.texts(), (Texts{"memory:a4:81,memory:a6:81", "memory:b4:82"}));
  EXPECT_EQ(resolving.lists[0][0].weight, 5u);
  EXPECT_EQ(resolving.lists[0][0].name, "a");
  EXPECT_EQ(resolving.lists[0][1].weight, 1u);
  EXPECT_GE(resolving.pauses.back().at_most, 10s);  // the least of all TTLs
  EXPECT_LE(resolving.pauses.back().at_most, 11s);
  EXPECT_TRUE(resolving.stop());
}

TEST_F(Simulated, SkipsHostsWithoutAddressesAndEmptyGroups) {
  network.set_answer(
      "x", services({service("gone", 1, 1, 1), service("a", 2, 2, 1), service("lost", 3, 2, 1)}));
  network.set_answer("a", addresses({"a"}, 1min));
  Resolving resolving(host, resolver(host, "srv:///x"));
  ASSERT_TRUE(resolving.until_lists(1));
  EXPECT_EQ(resolving.texts(), Texts{"memory:a:2"});
  network.set_answer("a", unavailable("domain name not found"));
  ASSERT_TRUE(resolving.until_failures(1, 10min));
  EXPECT_EQ(resolving.failures[0].message(),
            "none of the hosts of 'x' can be found: name 'gone' cannot be resolved: no host of the "
            "simulated network has that name");
  EXPECT_TRUE(resolving.stop());
}

TEST_F(Simulated, ReportsAServiceThatDoesNotExist) {
  network.set_answer("x", services({service(".", 0, 0, 0)}));
  Resolving resolving(host, resolver(host, "srv:///x"));
  ASSERT_TRUE(resolving.until_failures(1));
  EXPECT_EQ(resolving.failures[0].message(),
            "name 'x': its SRV record says that there is no service");
  EXPECT_TRUE(resolving.stop());
}

TEST_F(Simulated, ManyHostsAreLookedUpAFewAtATime) {
  std::vector<net::DnsService> many;
  for (int i = 0; i < 40; ++i) {
    const std::string name = "h" + std::to_string(i);
    many.push_back(service(name, 1, 0, 1));
    network.host(name);
  }
  network.set_answer("x", services(many));
  Resolving resolving(host, resolver(host, "srv:///x"));
  const TimePoint begun = network.now();
  ASSERT_TRUE(resolving.until_lists(1));
  EXPECT_EQ(resolving.lists[0].size(), 40u);
  EXPECT_GE(network.now() - begun, 4 * 500us);  // the name, then three times sixteen
  EXPECT_TRUE(resolving.stop());
}

const std::string kV4("\x0a\x00\x00\x07", 4);
const std::string kV6("\xfd\x00\0\0\0\0\0\0\0\0\0\0\0\0\0\x09", 16);

TEST(NameResolver, AsksTheNameServerThatTheTargetNames) {
  net::AsioLoop loop;
  NameServer server(loop);
  server.names["both.test"] = {.v4 = {kV4}, .v6 = {kV6}, .ttl = 20};
  server.names["six.test"] = {.v6 = {kV6}};
  Resolving both(loop, resolver(loop, "dns://" + server.address() + "/both.test:50051"));
  ASSERT_TRUE(both.until_lists(1));
  Texts texts = both.texts();
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(texts, (Texts{"10.0.0.7:50051", "[fd00::9]:50051"}));
  EXPECT_GE(both.pauses.back().at_most, 20s);
  EXPECT_LE(both.pauses.back().at_most, 22s);
  Resolving six(loop, resolver(loop, "dns://" + server.address() + "/six.test"));
  ASSERT_TRUE(six.until_lists(1));
  EXPECT_EQ(six.texts(), Texts{"[fd00::9]:443"});
}

TEST(NameResolver, TellsAMissingNameFromASilentServer) {
  net::AsioLoop loop;
  NameServer server(loop);
  server.names["broken.test"] = {.response_code = 2};
  Resolving missing(loop, resolver(loop, "dns://" + server.address() + "/missing.test"));
  ASSERT_TRUE(missing.until_failures(1));
  EXPECT_EQ(missing.failures[0].message(),
            "name 'missing.test' cannot be resolved: domain name not found");
  Resolving broken(loop, resolver(loop, "dns://" + server.address() + "/broken.test"));
  ASSERT_TRUE(broken.until_failures(1));
  EXPECT_EQ(broken.failures[0].message().find("not found"), std::string_view::npos);
}

TEST(NameResolver, FindsServicesOfARealNameServer) {
  net::AsioLoop loop;
  NameServer server(loop);
  server.names["_grpc._tcp.test"] = {
      .services = {service("one.test", 81, 5, 3), service("two.test", 82, 9, 1)}};
  server.names["one.test"] = {.v4 = {kV4}};
  Resolving resolving(loop, resolver(loop, "srv://" + server.address() + "/_grpc._tcp.test"));
  ASSERT_TRUE(resolving.until_lists(1));
  EXPECT_EQ(resolving.texts(), Texts{"10.0.0.7:81"});
  EXPECT_EQ(resolving.lists[0][0].weight, 3u);
}

TEST(NameResolver, RefusesTargetsItCannotUse) {
  EXPECT_EQ(refusal("dns://name/host:1"),
            "INVALID_ARGUMENT: target 'dns://name/host:1': the name server: 'name' is not an IPv4 "
            "or IPv6 address");
  EXPECT_EQ(refusal("srv:///"),
            "INVALID_ARGUMENT: target 'srv:///': expected srv:///_service._proto.name, without a "
            "port");
  EXPECT_EQ(refusal("srv:///x:80"),
            "INVALID_ARGUMENT: target 'srv:///x:80': expected srv:///_service._proto.name, without "
            "a port");
  EXPECT_EQ(refusal("srv:///x?weight=1"),
            "INVALID_ARGUMENT: target 'srv:///x?weight=1': option 'weight' is not known; srv has "
            "no options");
}

TEST(NameResolver, SpreadsCallsOverListsButNotOverADnsName) {
  for (const char* target : {"static:10.0.0.1:80", "file:///x", "srv:///x"}) {
    EXPECT_TRUE(lists_instances(target)) << target;
  }
  for (const char* target : {"dns:///x", "x:80", "ipv4:10.0.0.1:80", "unix:/x", "memory:x"}) {
    EXPECT_FALSE(lists_instances(target)) << target;
  }
}

}  // namespace
}  // namespace weft::cluster
