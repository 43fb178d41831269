// Resolver and announcer of etcd:// in virtual time, against a cluster that does as it is told.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/cluster/resolvers/announcer.h"
#include "weft/cluster/resolvers/resolver.h"
#include "weft/registry/etcd/internal/etcd_instance.h"
#include "weft/registry/etcd/internal/test_etcd.h"
#include "weft/testing/resolving.h"

namespace weft::registry {
namespace {

using namespace std::chrono_literals;
using test::SimEtcd;
using testing::Resolving;
using Texts = std::vector<std::string>;

std::string key(const std::string& name) { return "greeter/" + name; }

struct SimulatedEtcd : ::testing::Test {
  std::unique_ptr<cluster::Resolver> resolver(const SimEtcd& etcd, const std::string& query = "") {
    Result<std::unique_ptr<cluster::Resolver>> made =
        cluster::make_resolver(client, "etcd://" + etcd.hosts() + "/greeter" + query);
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    return *std::move(made);
  }
  net::SimNetwork network{3};
  net::SimLoop& client = network.host("client");
};

TEST_F(SimulatedEtcd, ListsOnceAndThenWatches) {
  SimEtcd etcd(network, 1);
  etcd.data.put(key("a"), R"("10.0.0.1:80")");
  Resolving resolving(client, resolver(etcd));
  ASSERT_TRUE(resolving.until_lists(1));
  network.run_for(1s);
  for (int i = 2; i < 6; ++i) {
    const std::string address = "\"10.0.0." + std::to_string(i) + ":80\"";
    etcd.data.put(key("b"), address);
    network.run_for(1s);
  }
  etcd.data.put("elsewhere/c", "x");
  network.run_for(1s);
  EXPECT_EQ(resolving.texts(), (Texts{"10.0.0.1:80", "10.0.0.5:80"}));
  EXPECT_EQ(resolving.lists.size(), 5u);
  EXPECT_EQ(etcd.script.ranges, 1);
  EXPECT_EQ(etcd.script.watches, std::vector<std::int64_t>{3});
  EXPECT_TRUE(resolving.stop());
}

TEST_F(SimulatedEtcd, ReadsALongListInPagesOfOneRevision) {
  SimEtcd etcd(network, 1);
  for (int i = 0; i < 7; ++i) {
    etcd.data.put(key(std::to_string(i)), "\"10.0.0." + std::to_string(i) + ":80\"");
  }
  etcd.script.page = 3;
  Resolving resolving(client, resolver(etcd));
  ASSERT_TRUE(resolving.until_lists(1));
  EXPECT_EQ(resolving.lists[0].size(), 7u);
  EXPECT_EQ(etcd.script.ranges, 3);
  EXPECT_TRUE(resolving.stop());
}

TEST_F(SimulatedEtcd, RefusesLocalAddressesUnlessTheTargetAllowsThem) {
  SimEtcd etcd(network, 1);
  etcd.data.put(key("a"), R"("unix:/tmp/x")");
  etcd.data.put(key("b"), R"({"address": "127.0.0.1:80", "weight": 4294967295})");
  etcd.data.put(key("c"), R"({"Op":0,"Addr":"unix:///tmp/y"})");
  Resolving refusing(client, resolver(etcd));
  ASSERT_TRUE(refusing.until_failures(1));
  EXPECT_NE(refusing.failures.back().message().find("unix:/tmp/x' is a machine's own"),
            std::string_view::npos)
      << refusing.failures.back().to_string();
  Resolving allowing(client, resolver(etcd, "?allow_local=true"));
  ASSERT_TRUE(allowing.until_lists(1));
  EXPECT_EQ(allowing.texts(), (Texts{"unix:/tmp/x", "127.0.0.1:80", "unix:/tmp/y"}));
  EXPECT_EQ(allowing.lists[0][1].weight, 1000U);
  EXPECT_TRUE(refusing.lists.empty());
  EXPECT_TRUE(refusing.stop());
  EXPECT_TRUE(allowing.stop());
}

TEST_F(SimulatedEtcd, RefusesNamesThatLeadToThisMachine) {
  SimEtcd etcd(network, 1);
  network.set_answer("evil.example",
                     net::DnsAnswer{.addresses = {*net::Address::ip("127.0.0.1", 0)}});
  etcd.data.put(key("a"), R"({"Op":0,"Addr":"evil.example:80"})");
  Resolving resolving(client, resolver(etcd));
  ASSERT_TRUE(resolving.until_failures(1));
  EXPECT_TRUE(resolving.lists.empty());
  EXPECT_TRUE(resolving.stop());
}

TEST_F(SimulatedEtcd, ResumesOnAnotherMemberAfterTheLastChange) {
  SimEtcd etcd(network, 2);
  etcd.data.put(key("a"), R"("10.0.0.1:80")");
  Resolving resolving(client, resolver(etcd));
  ASSERT_TRUE(resolving.until_lists(1));
  network.run_for(1s);
  etcd.data.put(key("b"), R"("10.0.0.2:80")");
  network.run_for(1s);
  for (const int member : {0, 1, 0, 1}) {
    etcd.kill(member);
    etcd.data.put(key("c"), "\"10.0.1." + std::to_string(member) + ":80\"");
    network.run_for(10s);
    EXPECT_EQ(resolving.texts()[2], "10.0.1." + std::to_string(member) + ":80");
    etcd.start(member);
    network.run_for(10s);
  }
  EXPECT_EQ(etcd.script.ranges, 1);
  EXPECT_GE(etcd.script.watches.size(), 3u);
  EXPECT_EQ(etcd.script.checks + 1, static_cast<int>(etcd.script.watches.size()));
  EXPECT_TRUE(resolving.failures.empty());
  EXPECT_TRUE(resolving.stop());
}

TEST_F(SimulatedEtcd, ListsAgainWhatWasCompactedWhileItWasAway) {
  SimEtcd etcd(network, 1);
  etcd.data.put(key("a"), R"("10.0.0.1:80")");
  etcd.data.put(key("b"), R"("10.0.0.2:80")");
  Resolving resolving(client, resolver(etcd));
  ASSERT_TRUE(resolving.until_lists(1));
  network.run_for(1s);
  etcd.kill(0);
  network.run_for(30s);
  EXPECT_FALSE(resolving.failures.empty());
  EXPECT_EQ(resolving.lists.size(), 1u);
  etcd.data.remove(key("a"));
  etcd.data.put(key("c"), R"("10.0.0.3:80")");
  etcd.data.compacted = etcd.data.revision;
  etcd.start(0);
  network.run_for(20s);
  EXPECT_EQ(resolving.texts(), (Texts{"10.0.0.2:80", "10.0.0.3:80"}));
  EXPECT_EQ(etcd.script.ranges, 2);
  EXPECT_TRUE(resolving.stop());
}

TEST_F(SimulatedEtcd, ListsAgainWhenAWatchFallsBehindTheCompaction) {
  SimEtcd etcd(network, 1);
  etcd.data.put(key("a"), R"("10.0.0.1:80")");
  Resolving resolving(client, resolver(etcd));
  ASSERT_TRUE(resolving.until_lists(1));
  network.run_for(1s);
  etcd.data.revision += 50;  // of other keys
  etcd.data.compacted = etcd.data.revision;
  network.run_for(1s);
  EXPECT_EQ(etcd.script.ranges, 2);
  EXPECT_EQ(etcd.script.watches, (std::vector<std::int64_t>{3, 53}));
  EXPECT_TRUE(resolving.stop());
}

TEST_F(SimulatedEtcd, KeepsInstancesForAWhileWhenTheDataWereLost) {
  SimEtcd etcd(network, 1);
  etcd.data.put(key("a"), R"("10.0.0.1:80")");
  etcd.data.put(key("b"), R"("10.0.0.2:80")");
  Resolving resolving(client, resolver(etcd));
  ASSERT_TRUE(resolving.until_lists(1));
  network.run_for(1s);
  etcd.kill(0);
  etcd.data.lose();
  etcd.start(0);
  network.run_for(15s);
  etcd.data.put(key("a"), R"("10.0.0.1:80")");
  network.run_for(5s);
  EXPECT_EQ(resolving.texts(), (Texts{"10.0.0.1:80", "10.0.0.2:80"}));
  network.run_for(1min);  // the other one does not come back
  EXPECT_EQ(resolving.texts(), Texts{"10.0.0.1:80"});
  etcd.data.put(key("c"), R"("10.0.0.3:80")");
  network.run_for(1s);
  EXPECT_EQ(resolving.texts(), (Texts{"10.0.0.1:80", "10.0.0.3:80"}));
  EXPECT_TRUE(resolving.stop());
}

TEST_F(SimulatedEtcd, DetectsReplacedDataAtTheSameRevision) {
  SimEtcd etcd(network, 1);
  etcd.data.put(key("a"), R"("10.0.0.1:80")");
  etcd.data.put(key("b"), R"("10.0.0.2:80")");
  Resolving resolving(client, resolver(etcd));
  ASSERT_TRUE(resolving.until_lists(1));
  network.run_for(1s);
  etcd.kill(0);
  etcd.data.lose();
  for (int i = 0; i < 9; ++i) etcd.data.put(key("c"), R"("10.0.0.3:80")");
  etcd.start(0);
  network.run_for(2min);
  EXPECT_EQ(resolving.texts(), Texts{"10.0.0.3:80"});
  EXPECT_TRUE(resolving.stop());
}

TEST_F(SimulatedEtcd, AnEmptyAnswerIsAFailure) {
  SimEtcd etcd(network, 1);
  etcd.data.put(key("a"), R"("10.0.0.1:80")");
  Resolving resolving(client, resolver(etcd));
  ASSERT_TRUE(resolving.until_lists(1));
  network.run_for(1s);
  etcd.data.remove(key("a"));
  ASSERT_TRUE(resolving.until_failures(1));
  EXPECT_EQ(resolving.failures[0].message(), "etcd has no instances below 'greeter/'");
  EXPECT_EQ(resolving.lists.size(), 1u);
  EXPECT_TRUE(resolving.stop());
}

TEST_F(SimulatedEtcd, SaysWhatIsWrongWhereNoEntryCanBeRead) {
  SimEtcd etcd(network, 1);
  etcd.data.put(key("a"), R"({"address":"host:80"})");
  Resolving resolving(client, resolver(etcd));
  ASSERT_TRUE(resolving.until_failures(1));
  EXPECT_EQ(resolving.failures[0].to_string(),
            "UNAVAILABLE: etcd key 'greeter/a': $.address: 'host' is not an IPv4 or IPv6 address");
  network.run_for(1s);
  etcd.data.put(key("b"), R"("10.0.0.1:80")");
  ASSERT_TRUE(resolving.until_lists(1));
  EXPECT_EQ(resolving.texts(), Texts{"10.0.0.1:80"});
  EXPECT_TRUE(resolving.stop());
}

TEST_F(SimulatedEtcd, EventsMayComeInParts) {
  SimEtcd etcd(network, 1);
  etcd.script.fragments = true;
  etcd.data.put(key("a"), R"("10.0.0.1:80")");
  Resolving resolving(client, resolver(etcd));
  ASSERT_TRUE(resolving.until_lists(1));
  network.run_for(1s);
  etcd.data.put(key("b"), R"("10.0.0.2:80")");
  etcd.data.put(key("c"), R"("10.0.0.3:80")");
  etcd.data.remove(key("a"));
  network.run_for(1s);
  EXPECT_EQ(resolving.texts(), (Texts{"10.0.0.2:80", "10.0.0.3:80"}));
  EXPECT_TRUE(resolving.stop());
}

TEST_F(SimulatedEtcd, NoticesAMemberThatNoLongerAnswers) {
  SimEtcd etcd(network, 2);
  etcd.data.put(key("a"), R"("10.0.0.1:80")");
  Resolving resolving(client, resolver(etcd));
  ASSERT_TRUE(resolving.until_lists(1));
  network.run_for(1s);
  // The one it watches, whichever that is; its connections stay half open.
  network.partition("client", "etcd0");
  network.run_for(25s);
  etcd.data.put(key("b"), R"("10.0.0.2:80")");
  network.run_for(5s);
  EXPECT_EQ(resolving.texts(), (Texts{"10.0.0.1:80", "10.0.0.2:80"}));
  network.heal("client", "etcd0");
  network.partition("client", "etcd1");
  network.run_for(25s);
  etcd.data.put(key("c"), R"("10.0.0.3:80")");
  network.run_for(5s);
  EXPECT_EQ(resolving.texts().size(), 3u);
  network.heal("client", "etcd1");
  EXPECT_TRUE(resolving.stop());
}

TEST_F(SimulatedEtcd, NoticesAMemberThatDoesNotAnswerAWatch) {
  SimEtcd etcd(network, 1);
  etcd.data.put(key("a"), R"("10.0.0.1:80")");
  etcd.script.silent_watches = true;
  Resolving resolving(client, resolver(etcd));
  ASSERT_TRUE(resolving.until_failures(1));
  EXPECT_EQ(resolving.failures[0].to_string(), "UNAVAILABLE: etcd etcd0:2379: no answer within 5s");
  EXPECT_TRUE(resolving.stop());
}

TEST_F(SimulatedEtcd, LogsInAndAgainWhenTheTokenHasExpired) {
  SimEtcd etcd(network, 1);
  etcd.data.put(key("a"), R"("10.0.0.1:80")");
  etcd.script.token = "first";
  Resolving resolving(client, resolver(etcd, "?user=me&password=secret"));
  ASSERT_TRUE(resolving.until_lists(1));
  EXPECT_EQ(etcd.script.logins, 1);
  network.run_for(1s);
  etcd.kill(0);
  etcd.script.token = "second";
  etcd.start(0);
  network.run_for(30s);
  etcd.data.put(key("a"), R"("10.0.0.2:80")");
  network.run_for(1s);
  EXPECT_EQ(resolving.texts(), Texts{"10.0.0.2:80"});
  EXPECT_EQ(etcd.script.logins, 2);
  EXPECT_TRUE(resolving.stop());
  Resolving wrong(client, resolver(etcd, "?user=me&password=wrong"));
  ASSERT_TRUE(wrong.until_failures(1));
  EXPECT_EQ(wrong.failures[0].to_string(),
            "INVALID_ARGUMENT: etcd etcd0:2379: logging in as 'me': etcdserver: authentication "
            "failed, invalid user ID or password");
  EXPECT_TRUE(wrong.stop());
}

TEST_F(SimulatedEtcd, MayBeDroppedAtAnyTime) {
  SimEtcd etcd(network, 1);
  etcd.data.put(key("a"), R"("10.0.0.1:80")");
  for (int steps = 0; steps < 60; ++steps) {
    const Resolving resolving(client, resolver(etcd));
    for (int i = 0; i < steps; ++i) network.step();
  }
}

/// An announcer under way.
struct Announcing {
  Announcing(net::SimLoop& host, const SimEtcd& etcd, const std::string& address,
             const std::string& query = "?ttl=6s")
      : loop(host) {
    Result<std::unique_ptr<cluster::Announcer>> made =
        cluster::make_announcer(host, "etcd://" + etcd.hosts() + "/greeter" + query);
    if (!made.ok()) throw std::runtime_error(made.status().to_string());
    announcer = *std::move(made);
    cluster::Endpoint self;
    self.addresses.push_back(*net::Address::parse(address));
    self.weight = 3;
    running = announcer->run(self);
    loop.enter(
        [&] { running.start(&context, {.function = [](void*) noexcept {}, .argument = nullptr}); });
  }
  ~Announcing() {
    loop.enter([this] { const Task<> dropped = std::move(running); });
  }
  net::SimLoop& loop;
  Context context;
  std::unique_ptr<cluster::Announcer> announcer;
  Task<> running;
};

TEST_F(SimulatedEtcd, AnAnnouncementLivesAsLongAsItsLease) {
  SimEtcd etcd(network, 1);
  Announcing announcing(client, etcd, "10.0.0.1:80");
  network.run_for(1s);
  ASSERT_EQ(etcd.data.at(etcd.data.revision).size(), 1u);
  EXPECT_EQ(etcd.data.at(etcd.data.revision).begin()->first, "greeter/10.0.0.1:80");
  EXPECT_EQ(etcd.data.at(etcd.data.revision).begin()->second.value(),
            R"({"address":"10.0.0.1:80","weight":3})");
  network.run_for(1min);
  EXPECT_GE(etcd.script.keep_alives, 28);
  EXPECT_LE(etcd.script.keep_alives, 31);
  client.enter([&] { announcing.context.cancel(cancelled("draining")); });
  network.run_for(1s);
  EXPECT_TRUE(announcing.running.done());
  EXPECT_TRUE(testing::run(client, announcing.announcer->withdraw()).ok());
  EXPECT_TRUE(etcd.data.at(etcd.data.revision).empty());
  EXPECT_TRUE(testing::run(client, announcing.announcer->withdraw()).ok());
}

TEST_F(SimulatedEtcd, AnAnnouncementIsMadeAgainWhenItsLeaseIsGone) {
  SimEtcd etcd(network, 2);
  const Announcing announcing(client, etcd, "10.0.0.1:80");
  network.run_for(1s);
  etcd.data.drop_lease(etcd.data.last_lease);
  EXPECT_TRUE(etcd.data.at(etcd.data.revision).empty());
  network.run_for(3s);
  EXPECT_EQ(etcd.data.at(etcd.data.revision).size(), 1u);
  etcd.kill(0);
  network.run_for(1min);
  EXPECT_EQ(etcd.data.last_lease, 102);  // the other member has kept it
  etcd.kill(1);
  etcd.data.lose();
  network.run_for(10min);
  etcd.start(1);
  network.run_for(20s);
  EXPECT_EQ(etcd.data.at(etcd.data.revision).size(), 1u);
}

TEST_F(SimulatedEtcd, AnAnnouncementMayBeDroppedAtAnyTime) {
  SimEtcd etcd(network, 1);
  for (int steps = 0; steps < 60; ++steps) {
    const Announcing announcing(client, etcd, "10.0.0.1:80");
    for (int i = 0; i < steps; ++i) network.step();
  }
}

TEST(EtcdTarget, NamesWhatIsWrongWithATarget) {
  net::SimNetwork network(1);
  const auto refusal = [&](std::string_view target) {
    return cluster::make_resolver(network.host("a"), target).status().to_string();
  };
  EXPECT_EQ(refusal("etcd:///x"),
            "INVALID_ARGUMENT: target 'etcd:///x': expected etcd://host:2379,host:2379/prefix");
  EXPECT_EQ(refusal("etcd://h/"),
            "INVALID_ARGUMENT: target 'etcd://h/': a prefix of keys is missing after the hosts");
  EXPECT_EQ(refusal("etcd://h:x/p"),
            "INVALID_ARGUMENT: target 'etcd://h:x/p': 'h:x': port 'x' is not a number from 0 to "
            "65535");
  EXPECT_EQ(refusal("etcd://h/p?ttl=1s"),
            "INVALID_ARGUMENT: target 'etcd://h/p': ttl '1s' is not a whole number of seconds from "
            "2s to 3600s");
  EXPECT_EQ(refusal("etcd://h/p?user=me"),
            "INVALID_ARGUMENT: target 'etcd://h/p': user and password come together");
  EXPECT_EQ(refusal("etcd://h/p?lease=5"),
            "INVALID_ARGUMENT: target 'etcd://h/p': option 'lease' is not known; there are ttl, "
            "user, password, password_file, allow_local, tls, ca, cert, key and server_name");
  EXPECT_EQ(refusal("etcd://h/p?user=me&password_file=/nowhere"),
            "INVALID_ARGUMENT: target 'etcd://h/p': password_file '/nowhere' cannot be read or has "
            "no first line");
  EXPECT_EQ(refusal("etcd://[::1],h:7/p?tls=true&ttl=30"), "OK");
}

TEST(EtcdInstance, IsReadInTwoForms) {
  const auto own = etcd_instance(R"({"address": "10.0.0.1:80", "zone": "a", "later": 1})");
  ASSERT_TRUE(own.ok()) << own.status().to_string();
  EXPECT_EQ(own->endpoint.zone, "a");
  const auto go = etcd_instance(R"({"Op":0,"Addr":"10.0.0.1:80","Metadata":{"v":"7","n":[1]}})");
  ASSERT_TRUE(go.ok()) << go.status().to_string();
  EXPECT_EQ(go->endpoint.addresses[0].to_string(), "10.0.0.1:80");
  EXPECT_EQ(go->endpoint.attributes.at("v"), "7");
  EXPECT_EQ(go->endpoint.attributes.at("n"), "[1]");
  const auto named = etcd_instance(R"({"Op":0,"Addr":"host:80","Metadata":"text"})");
  ASSERT_TRUE(named.ok());
  EXPECT_EQ(named->name->host, "host");
  EXPECT_EQ(named->endpoint.attributes.at("metadata"), "text");
  const auto socket = etcd_instance(R"({"Addr":"unix:///run/x.sock"})");
  ASSERT_TRUE(socket.ok());
  EXPECT_EQ(socket->endpoint.addresses[0].to_string(), "unix:/run/x.sock");
}

TEST(EtcdInstance, MayBeAnAddressByItself) {
  for (const std::string value : {"10.0.0.1:80", "10.0.0.1:80\n", "10.0.0.1:80\r\n"}) {
    const auto plain = etcd_instance(value);
    ASSERT_TRUE(plain.ok()) << plain.status().to_string();
    EXPECT_EQ(plain->endpoint.addresses.at(0).to_string(), "10.0.0.1:80");
  }
  EXPECT_EQ(etcd_instance("[fd00::1]:80")->endpoint.addresses.at(0).to_string(), "[fd00::1]:80");
  EXPECT_EQ(etcd_instance("unix:///run/x")->endpoint.addresses.at(0).to_string(), "unix:/run/x");
  const auto named = etcd_instance("greeter.example:80");
  ASSERT_TRUE(named.ok()) << named.status().to_string();
  EXPECT_EQ(named->name->host, "greeter.example");
  EXPECT_EQ(named->name->port, 80);
}

TEST(EtcdInstance, SaysWhatIsWrong) {
  const auto error = [](std::string_view value) {
    return std::string(etcd_instance(value).status().message());
  };
  EXPECT_EQ(error(R"({"Addr": 7})"), "$.Addr: not a text");
  EXPECT_EQ(error(R"({"Op": 1, "Addr": "10.0.0.1:80"})"), "$.Op: 1 is not 0 (add)");
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']') + "}";
  EXPECT_EQ(error(R"({"Addr": "10.0.0.1:80", "Op": )" + deep), "nested deeper than 64 levels");
  EXPECT_EQ(error(R"({"Addr": "10.0.0.1:80", "Metadata": )" + deep),
            "nested deeper than 64 levels");
  EXPECT_EQ(error(R"({"Addr": "host"})"),
            "$.Addr: 'host': the port is missing, expected 'host:port'");
  EXPECT_EQ(error(R"({"address": "0.0.0.0:80"})"),
            "address '0.0.0.0:80': the address of every interface cannot be connected to");
  EXPECT_EQ(error("{}"), "$: {} has no address");
  EXPECT_EQ(error("host:port"), "'host:port': port 'port' is not a number from 0 to 65535");
  EXPECT_FALSE(etcd_instance("host").ok());
  EXPECT_FALSE(etcd_instance("a host:80").ok());
  EXPECT_FALSE(etcd_instance("").ok());
}

}  // namespace
}  // namespace weft::registry
