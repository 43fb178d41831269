#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/cluster/resolvers/announcer.h"
#include "weft/registry/internal/test_registry.h"
#include "weft/registry/server/internal/test_store.h"
#include "weft/testing/resolving.h"

namespace weft::registry {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Resolving;
using ::testing::SizeIs;

/// An announcer on its host, as a server has it.
class Announcing {
 public:
  Announcing(net::SimLoop& host, const std::string& target, cluster::Endpoint self) : host_(host) {
    host_.enter([&] {
      auto made = cluster::make_announcer(host_, target);
      if (!made.ok()) throw std::runtime_error(made.status().to_string());
      announcer_ = std::move(*made);
      task_ = announcer_->run(std::move(self));
      task_.start(&context_, {[](void*) noexcept {}, nullptr});
    });
  }
  Announcing(const Announcing&) = delete;
  Announcing& operator=(const Announcing&) = delete;
  ~Announcing() {
    host_.enter([this] {
      const Task<> dropped = std::move(task_);
      announcer_.reset();
    });
  }
  /// As a server that drains.
  Status withdraw() {
    host_.enter([this] { context_.cancel(cancelled("the server stops")); });
    host_.network().run_while_not([this] { return task_.done(); }, 10s);
    EXPECT_TRUE(task_.done());
    return testing::run(host_, announcer_->withdraw(), 1min);
  }

 private:
  net::SimLoop& host_;
  Context context_;
  std::unique_ptr<cluster::Announcer> announcer_;
  Task<> task_;
};

cluster::Endpoint endpoint_of(const std::string& host, std::uint32_t weight = 1) {
  cluster::Endpoint endpoint;
  endpoint.addresses.push_back(net::Address::memory(host, 80));
  endpoint.name = host;
  endpoint.weight = weight;
  endpoint.zone = "a";
  endpoint.attributes = {{"version", "2"}};
  return endpoint;
}

class WeftScheme : public ::testing::Test {
 protected:
  /// As a channel makes it; nobody has called register_schemes().
  std::unique_ptr<Resolving> resolve(const std::string& target, const std::string& on = "client") {
    auto made = cluster::make_resolver(network.host(on), target);
    if (!made.ok()) throw std::runtime_error(made.status().to_string());
    return std::make_unique<Resolving>(network.host(on), std::move(*made));
  }
  std::unique_ptr<Announcing> announce(const std::string& host,
                                       const std::string& target = "weft://registry:7070/greeter") {
    return std::make_unique<Announcing>(network.host(host), target, endpoint_of(host));
  }
  std::string resolver_error(const std::string& target) {
    return std::string(cluster::make_resolver(network.host("client"), target).status().message());
  }

  net::SimNetwork network{1};
};

TEST_F(WeftScheme, FindsAnnouncedInstancesWithTheirAttributes) {
  test::SimRegistry registry(network, "registry");
  const auto resolving = resolve("weft://registry:7070/greeter");
  Announcing announcing(network.host("s1"), "weft://registry/greeter", endpoint_of("s1", 3));
  ASSERT_TRUE(resolving->until([&] { return !resolving->texts().empty(); }));
  EXPECT_EQ(resolving->lists.back(), std::vector{endpoint_of("s1", 3)});
}

TEST_F(WeftScheme, ChangesArriveAsTheyHappen) {
  test::SimRegistry registry(network, "registry");
  const auto resolving = resolve("weft://registry:7070/greeter");
  const auto first = announce("s1");
  network.run_for(1s);
  EXPECT_THAT(resolving->texts(), ElementsAre("memory:s1:80"));
  const auto second = announce("s2");
  network.run_for(100ms);
  EXPECT_THAT(resolving->texts(), SizeIs(2));
  EXPECT_TRUE(first->withdraw().ok());
  network.run_for(100ms);
  EXPECT_THAT(resolving->texts(), ElementsAre("memory:s2:80"));
}

TEST_F(WeftScheme, ListsADeadInstanceUntilItsLeaseEnds) {
  test::SimRegistry registry(network, "registry");
  const auto resolving = resolve("weft://registry:7070/greeter");
  const auto living = announce("s1", "weft://registry:7070/greeter?ttl=3s");
  auto dying = announce("s2", "weft://registry:7070/greeter?ttl=3s");
  network.run_for(1min);
  EXPECT_THAT(resolving->texts(), SizeIs(2));
  dying.reset();
  network.run_for(3100ms);
  EXPECT_THAT(resolving->texts(), ElementsAre("memory:s1:80"));
}

TEST_F(WeftScheme, ARestartOfTheRegistryIsNotNoticed) {
  test::SimRegistry registry(network, "registry");
  const auto resolving = resolve("weft://registry:7070/greeter");
  const auto first = announce("s1");
  const auto second = announce("s2");
  network.run_for(5s);
  const std::size_t lists = resolving->lists.size();
  registry.kill();
  network.run_for(3s);
  registry.start();
  network.run_for(2min);
  EXPECT_EQ(resolving->lists.size(), lists) << "resumed, with nothing to tell";
  EXPECT_EQ(registry.service().instances(), 2U);
  const auto third = announce("s3");
  network.run_for(1s);
  EXPECT_THAT(resolving->texts(), SizeIs(3));
}

TEST_F(WeftScheme, TheLastListStaysWhileTheRegistryIsAway) {
  test::SimRegistry registry(network, "registry");
  const auto resolving = resolve("weft://registry:7070/greeter");
  const auto announcing = announce("s1");
  network.run_for(5s);
  const std::size_t lists = resolving->lists.size();
  registry.kill();
  network.run_for(10min);
  EXPECT_EQ(resolving->lists.size(), lists);
  EXPECT_THAT(resolving->failures, ::testing::Not(IsEmpty()));
  registry.start();
  network.run_for(30s);
  EXPECT_THAT(resolving->texts(), ElementsAre("memory:s1:80"));
  EXPECT_EQ(registry.service().instances(), 1U);
}

TEST_F(WeftScheme, ARegistryThatComesLaterIsFound) {
  const auto resolving = resolve("weft://registry:7070/greeter");
  const auto announcing = announce("s1");
  network.run_for(1min);
  ASSERT_THAT(resolving->failures, ::testing::Not(IsEmpty()));
  EXPECT_EQ(resolving->failures.back().code(), StatusCode::Unavailable);
  EXPECT_THAT(std::string(resolving->failures.back().message()),
              HasSubstr("registry registry:7070: "));
  test::SimRegistry registry(network, "registry");
  network.run_for(15s);
  EXPECT_THAT(resolving->texts(), ElementsAre("memory:s1:80"));
}

TEST_F(WeftScheme, ARegistryThatLostItsDataKeepsInstancesThatReturn) {
  test::SimRegistry registry(network, "registry");
  const auto resolving = resolve("weft://registry:7070/greeter");
  std::vector<std::unique_ptr<Announcing>> announcing;
  for (const char* host : {"s1", "s2", "s3", "s4"}) announcing.push_back(announce(host));
  network.run_for(5s);
  registry.kill();
  registry.replace_store();
  announcing.back().reset();
  network.run_for(1s);
  registry.start();
  const std::size_t before = resolving->lists.size();
  network.run_for(15s);
  for (std::size_t i = before; i < resolving->lists.size(); ++i) {
    EXPECT_THAT(resolving->lists[i], SizeIs(4)) << "list " << i;
  }
  network.run_for(20s);
  EXPECT_THAT(resolving->texts(), SizeIs(3)) << "the one that died meanwhile is gone";
  EXPECT_EQ(registry.service().instances(), 3U);
}

TEST_F(WeftScheme, ASilentRegistryIsGivenUpForTheNext) {
  test::SimRegistry one(network, "r1");
  test::SimRegistry two(network, "r2");
  const std::string target = "weft://r1,r2/greeter";
  const auto announcing = announce("s1", target);
  const auto resolving = resolve(target);
  network.run_for(5s);
  EXPECT_EQ(one.service().instances(), 1U) << "every registry knows it";
  EXPECT_EQ(two.service().instances(), 1U);
  // Nothing tells the client, not even a reset.
  const bool at_one = one.service().watches() == 1;
  network.partition("client", at_one ? "r1" : "r2");
  network.run_for(20s);
  EXPECT_EQ((at_one ? two : one).service().watches(), 1U);
  const auto later = announce("s2", target);
  network.run_for(1s);
  EXPECT_THAT(resolving->texts(), SizeIs(2));
}

TEST_F(WeftScheme, AnIsolatedInstanceLapsesAndReturns) {
  test::SimRegistry registry(network, "registry");
  const auto resolving = resolve("weft://registry:7070/greeter");
  const auto first = announce("s1");
  const auto second = announce("s2");
  network.run_for(5s);
  network.partition("s1", "registry");
  network.run_for(15s);
  EXPECT_THAT(resolving->texts(), ElementsAre("memory:s2:80"));
  network.heal("s1", "registry");
  network.run_for(15s);
  EXPECT_THAT(resolving->texts(), SizeIs(2));
}

TEST_F(WeftScheme, InstancesAtOneAddressAreOneForCallers) {
  test::SimRegistry registry(network, "registry");
  const auto resolving = resolve("weft://registry:7070/greeter");
  auto crashed = announce("s1");
  network.run_for(1s);
  crashed.reset();
  const auto restarted = announce("s1");
  network.run_for(1s);
  EXPECT_EQ(registry.service().instances(), 2U);
  EXPECT_THAT(resolving->texts(), ElementsAre("memory:s1:80"));
  network.run_for(15s);
  EXPECT_EQ(registry.service().instances(), 1U);
  EXPECT_THAT(resolving->texts(), ElementsAre("memory:s1:80"));
}

TEST_F(WeftScheme, ServicesDoNotSeeEachOther) {
  test::SimRegistry registry(network, "registry");
  const auto resolving = resolve("weft://registry:7070/greeter");
  const auto other = announce("s1", "weft://registry:7070/other");
  network.run_for(5s);
  EXPECT_THAT(resolving->texts(), IsEmpty());
}

TEST_F(WeftScheme, AResolverEndsWithItsContext) {
  test::SimRegistry registry(network, "registry");
  const auto resolving = resolve("weft://registry:7070/greeter");
  network.run_for(5s);
  EXPECT_TRUE(resolving->stop());
  network.run_for(1s);
  EXPECT_EQ(registry.service().watches(), 0U);
  const auto without = resolve("weft://nobody:7070/greeter");
  network.run_for(5s);
  EXPECT_TRUE(without->stop());
}

TEST_F(WeftScheme, WithdrawingFromAnUnreachableRegistryFails) {
  auto registry = std::make_unique<test::SimRegistry>(network, "registry");
  const auto announcing = announce("s1");
  network.run_for(1s);
  registry.reset();
  EXPECT_FALSE(announcing->withdraw().ok());
}

/// An instance that the registry has from before, as a registry of somebody else's may.
void plant(test::SimRegistry& registry, const std::string& id, const std::string& address) {
  const std::uint64_t revision = registry.store().load({})->revision + 1;
  const StoreBatch batch{
      .changes = {{.revision = revision,
                   .kind = v1::Change::PUT,
                   .record = test::record("greeter", id, revision, address, "memory:evil")}}};
  EXPECT_TRUE(registry.store().commit(batch).ok());
}

TEST_F(WeftScheme, LocalAddressesOfARegistryElsewhereAreRefused) {
  test::SimRegistry registry(network, "registry");
  registry.kill();
  network.run_for(1s);
  plant(registry, "evil", "unix:/tmp/x");
  registry.start();
  const auto resolving = resolve("weft://registry:7070/greeter");
  ASSERT_TRUE(resolving->until_failures(1));
  EXPECT_THAT(resolving->lists, IsEmpty());
  EXPECT_THAT(std::string(resolving->failures.back().message()),
              HasSubstr("registry registry:7070: address 'unix:/tmp/x' is a machine's own"));
  const auto good = announce("s1");
  network.run_for(1s);
  EXPECT_THAT(resolving->texts(), ElementsAre("memory:s1:80"));
  const auto allowing = resolve("weft://registry:7070/greeter?allow_local=true");
  network.run_for(1s);
  EXPECT_THAT(allowing->texts(), ::testing::UnorderedElementsAre("unix:/tmp/x", "memory:s1:80"));
}

TEST_F(WeftScheme, SaysWhatIsWrongWithATarget) {
  EXPECT_EQ(resolver_error("weft:///greeter"),
            "'weft:///greeter': it names no registry; expected weft://host:port/service");
  EXPECT_THAT(resolver_error("weft://registry:7070"), HasSubstr("the service has no name"));
  EXPECT_THAT(resolver_error("weft://registry:port/greeter"), HasSubstr("port 'port'"));
  EXPECT_THAT(resolver_error("weft://registry/a b"), HasSubstr("service 'a b'"));
  EXPECT_THAT(resolver_error("weft://registry/greeter?ttl=fast"), HasSubstr("ttl 'fast'"));
  EXPECT_THAT(resolver_error("weft://registry/greeter?zone=a"), HasSubstr("known: ttl"));
  EXPECT_THAT(resolver_error("weft://registry/greeter?allow_local=x"),
              HasSubstr("allow_local 'x' is neither true nor false"));
  EXPECT_THAT(resolver_error("weft://registry/greeter?ca=/no/such.pem"), HasSubstr("/no/such.pem"));
  EXPECT_THAT(resolver_error("weft://registry/greeter?key=/k.pem"),
              HasSubstr("key '/k.pem' comes without a cert"));
  EXPECT_THAT(resolver_error("weft://registry/greeter?tls=maybe"), HasSubstr("tls 'maybe'"));
}

/// How often the registry was asked to commit.
int count_commits(test::SimRegistry& registry, const std::function<void()>& meanwhile) {
  int commits = 0;
  registry.store().fault = [&commits] {
    ++commits;
    return Status();
  };
  meanwhile();
  registry.store().fault = nullptr;
  return commits;
}

TEST_F(WeftScheme, TwoHundredInstancesOutliveARestartWithoutRegisteringAgain) {
  test::SimRegistry registry(network, "registry");
  const auto resolving = resolve("weft://registry:7070/greeter");
  std::vector<std::unique_ptr<Announcing>> announcing;
  for (int i = 0; i < 200; ++i) announcing.push_back(announce("s" + std::to_string(i)));
  network.run_for(5s);
  ASSERT_THAT(resolving->texts(), SizeIs(200));
  const int commits = count_commits(registry, [&] {
    registry.kill();
    network.run_for(20s);
    registry.start();
    network.run_for(1min);
  });
  EXPECT_EQ(commits, 0);
  EXPECT_EQ(registry.service().instances(), 200U);
  EXPECT_THAT(resolving->texts(), SizeIs(200));
  // Half of them die at once.
  announcing.resize(100);
  network.run_for(12s);
  EXPECT_THAT(resolving->texts(), SizeIs(100));
}

}  // namespace
}  // namespace weft::registry
