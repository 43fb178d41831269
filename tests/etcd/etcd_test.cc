// The etcd client against etcd itself: real processes, killed and started again.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/cluster/resolver.h"
#include "weft/cluster/resolvers/announcer.h"
#include "weft/net/asio_loop.h"
#include "weft/registry/etcd/internal/etcd_wire.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/server.h"
#include "weft/testing/certificates.h"
#include "weft/testing/resolving.h"
#include "weft/testing/run.h"

#include "tests/etcd/etcd_process.h"
#include "weft_wire/grpc/health/v1/health.weft.h"

namespace weft::test {
namespace {

using namespace std::chrono_literals;
namespace etcdserverpb = registry::etcdserverpb;
using testing::Resolving;
using Texts = std::vector<std::string>;

// Elections among three members of a busy machine take seconds.
constexpr Duration kLimit = 60s;

/// An announcer under way.
class Announcing {
 public:
  Announcing(net::Loop& loop, std::unique_ptr<cluster::Announcer> announcer,
             const std::string& address)
      : loop_(loop), announcer_(std::move(announcer)) {
    cluster::Endpoint self;
    self.addresses.push_back(*net::Address::parse(address));
    self.zone = "here";
    running_ = announcer_->run(self);
    loop_.enter([this] {
      running_.start(&context_, {.function = [](void*) noexcept {}, .argument = nullptr});
    });
  }
  ~Announcing() {
    loop_.enter([this] { const Task<> dropped = std::move(running_); });
  }
  /// As a server that drains.
  Status withdraw(net::AsioLoop& loop) {
    loop.enter([this] { context_.cancel(cancelled("the server drains")); });
    return testing::run(loop, announcer_->withdraw());
  }

 private:
  net::Loop& loop_;
  Context context_;
  std::unique_ptr<cluster::Announcer> announcer_;
  Task<> running_;
};

struct Etcd : ::testing::Test {
  void SetUp() override {
    if (!have_etcd()) GTEST_SKIP() << "there is no etcd on the path (Debian: etcd-server)";
  }

  void start_members(int count) {
    std::string cluster;
    for (int i = 0; i < count; ++i) {
      members.push_back(std::make_unique<EtcdProcess>("m" + std::to_string(i)));
      cluster += (i == 0 ? "" : ",") + members.back()->peer();
      hosts += (i == 0 ? "" : ",") + members.back()->address();
    }
    for (const auto& member : members) member->start(cluster);
    channel = std::make_unique<Channel>(
        members[0]->address(), ChannelOptions{.initial_backoff = 50ms, .max_backoff = 200ms});
    wait_until_ready();
  }
  void wait_until_ready() {
    const TimePoint begun = loop.now();
    Status status = unavailable("not asked");
    while (!status.ok() && loop.now() - begun < kLimit) status = range("ready").status();
    ASSERT_TRUE(status.ok()) << status.to_string();
  }

  Result<etcdserverpb::RangeResponse> range(const std::string& key) {
    etcdserverpb::RangeRequest request;
    request.set_key(key);
    const etcdserverpb::KVClient client(*channel);
    return testing::run(loop, client.Range(request, {.timeout = 2s, .wait_for_ready = true}));
  }
  bool has(const std::string& key) {
    const auto response = range(key);
    return response.ok() && response->kvs_size() == 1;
  }
  /// Repeated while the members choose a leader.
  std::int64_t put(const std::string& key, const std::string& value) {
    etcdserverpb::PutRequest request;
    request.set_key(key);
    request.set_value(value);
    const etcdserverpb::KVClient client(*channel);
    const TimePoint begun = loop.now();
    for (;;) {
      const auto response =
          testing::run(loop, client.Put(request, {.timeout = 10s, .wait_for_ready = true}));
      if (response.ok()) return response->header().revision();
      if (loop.now() - begun < kLimit) continue;
      ADD_FAILURE() << response.status().to_string();
      return 0;
    }
  }
  void remove(const std::string& key) {
    etcdserverpb::DeleteRangeRequest request;
    request.set_key(key);
    const etcdserverpb::KVClient client(*channel);
    const auto response = testing::run(loop, client.DeleteRange(request, {.timeout = 10s}));
    EXPECT_TRUE(response.ok()) << response.status().to_string();
  }
  void compact(std::int64_t revision) {
    etcdserverpb::CompactionRequest request;
    request.set_revision(revision);
    request.set_physical(true);
    const etcdserverpb::KVClient client(*channel);
    const auto response = testing::run(loop, client.Compact(request, {.timeout = 10s}));
    EXPECT_TRUE(response.ok()) << response.status().to_string();
  }

  std::string target(const std::string& options = "") const {
    return "etcd://" + hosts + "/weft/greeter" + options;
  }
  std::unique_ptr<cluster::Resolver> resolver() {
    Result<std::unique_ptr<cluster::Resolver>> made = cluster::make_resolver(loop, target());
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    return *std::move(made);
  }
  std::unique_ptr<Announcing> announce(const std::string& address,
                                       const std::string& options = "?ttl=3s") {
    Result<std::unique_ptr<cluster::Announcer>> made =
        cluster::make_announcer(loop, target(options));
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    return std::make_unique<Announcing>(loop, *std::move(made), address);
  }
  bool until(Resolving& resolving, const Texts& texts) {
    const bool come = resolving.until([&] { return resolving.texts() == texts; }, kLimit);
    EXPECT_EQ(resolving.texts(), texts);
    return come;
  }

  net::AsioLoop loop;
  std::vector<std::unique_ptr<EtcdProcess>> members;
  std::string hosts;
  std::unique_ptr<Channel> channel;
};

TEST_F(Etcd, FindsWhatIsAnnouncedAndMissesWhatIsWithdrawn) {
  start_members(1);
  Resolving resolving(loop, resolver());
  EXPECT_TRUE(resolving.until_failures(1, kLimit));
  EXPECT_NE(resolving.failures[0].message().find("no instances below 'weft/greeter/'"),
            std::string_view::npos);
  auto first = announce("10.0.0.1:80");
  EXPECT_TRUE(until(resolving, {"10.0.0.1:80"}));
  EXPECT_EQ(resolving.lists.back()[0].zone, "here");
  auto second = announce("10.0.0.2:80");
  EXPECT_TRUE(until(resolving, {"10.0.0.1:80", "10.0.0.2:80"}));
  EXPECT_TRUE(first->withdraw(loop).ok());
  EXPECT_TRUE(until(resolving, {"10.0.0.2:80"}));
}

TEST_F(Etcd, ACrashedInstanceGoesWithItsLease) {
  start_members(1);
  Resolving resolving(loop, resolver());
  auto first = announce("10.0.0.1:80", "?ttl=2s");
  auto second = announce("10.0.0.2:80", "?ttl=2s");
  EXPECT_TRUE(until(resolving, {"10.0.0.1:80", "10.0.0.2:80"}));
  first.reset();
  EXPECT_TRUE(until(resolving, {"10.0.0.2:80"}));
}

TEST_F(Etcd, ReadsEntriesOfGoServicesAndSkipsUnreadableOnes) {
  start_members(1);
  put("weft/greeter/a", R"({"Op":0,"Addr":"10.0.0.1:80","Metadata":{"version":"7"}})");
  put("weft/greeter/b", R"({"Op":0,"Addr":"localhost:81","Metadata":null})");
  put("weft/greeter/c", "nonsense");
  put("weft/greeters/d", R"("10.0.0.4:80")");  // not below the prefix
  Resolving resolving(loop, resolver());
  ASSERT_TRUE(resolving.until_lists(1, kLimit));
  ASSERT_EQ(resolving.lists[0].size(), 2u);
  EXPECT_EQ(resolving.texts()[0], "10.0.0.1:80");
  EXPECT_EQ(resolving.lists[0][0].attributes.at("version"), "7");
  EXPECT_NE(resolving.texts()[1].find(":81"), std::string::npos);
}

TEST_F(Etcd, AWatchResumesAfterEtcdWasKilled) {
  start_members(1);
  put("weft/greeter/a", R"("10.0.0.1:80")");
  Resolving resolving(loop, resolver());
  EXPECT_TRUE(until(resolving, {"10.0.0.1:80"}));
  members[0]->kill();
  EXPECT_TRUE(resolving.until_failures(1, kLimit));
  members[0]->start();
  wait_until_ready();
  put("weft/greeter/b", R"("10.0.0.2:80")");
  remove("weft/greeter/a");
  EXPECT_TRUE(until(resolving, {"10.0.0.2:80"}));
  for (const auto& list : resolving.lists) EXPECT_FALSE(list.empty());
}

TEST_F(Etcd, WhatWasCompactedMeanwhileIsListedAgain) {
  start_members(1);
  put("weft/greeter/a", R"("10.0.0.1:80")");
  auto resolving = std::make_unique<Resolving>(loop, resolver());
  EXPECT_TRUE(until(*resolving, {"10.0.0.1:80"}));
  members[0]->signal(SIGTERM);
  EXPECT_TRUE(resolving->until_failures(1, kLimit));
  members[0]->start();
  wait_until_ready();
  remove("weft/greeter/a");
  compact(put("weft/greeter/b", R"("10.0.0.2:80")"));
  EXPECT_TRUE(until(*resolving, {"10.0.0.2:80"}));
}

TEST_F(Etcd, InstancesComeBackAfterEtcdLostItsData) {
  start_members(1);
  auto first = announce("10.0.0.1:80");
  auto second = announce("10.0.0.2:80");
  Resolving resolving(loop, resolver());
  EXPECT_TRUE(until(resolving, {"10.0.0.1:80", "10.0.0.2:80"}));
  const std::size_t known = resolving.lists.size();
  members[0]->kill();
  members[0]->lose_data();
  members[0]->start();
  wait_until_ready();
  const TimePoint begun = loop.now();
  while (loop.now() - begun < kLimit &&
         !(has("weft/greeter/10.0.0.1:80") && has("weft/greeter/10.0.0.2:80"))) {
    static_cast<void>(testing::run(loop, net::sleep(20ms)));
  }
  EXPECT_TRUE(resolving.until_lists(known + 1, kLimit));
  EXPECT_TRUE(until(resolving, {"10.0.0.1:80", "10.0.0.2:80"}));
  // On the way no list was shorter.
  for (std::size_t i = known; i < resolving.lists.size(); ++i) {
    EXPECT_EQ(resolving.lists[i].size(), 2u);
  }
}

TEST_F(Etcd, ServersAreFoundByChannelsAndLeaveWithoutAnError) {
  start_members(1);
  std::vector<std::unique_ptr<Server>> servers;
  for (int i = 0; i < 3; ++i) {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.announce = target();
    servers.push_back(std::make_unique<Server>(std::move(options)));
    ASSERT_TRUE(servers.back()->start().ok());
  }
  Resolving resolving(loop, resolver());
  ASSERT_TRUE(resolving.until(
      [&] { return !resolving.lists.empty() && resolving.lists.back().size() == 3; }, kLimit));
  Channel greeters(target());
  const auto call = [&] {
    const weft_wire::grpc::health::v1::HealthCheckRequest request;
    const weft_wire::grpc::health::v1::HealthClient client(greeters);
    const auto reply =
        testing::run(loop, client.Check(request, {.timeout = 10s, .wait_for_ready = true}));
    EXPECT_TRUE(reply.ok()) << reply.status().to_string();
  };
  for (int i = 0; i < 30; ++i) call();
  servers[0].reset();
  for (int i = 0; i < 30; ++i) call();
  ASSERT_TRUE(resolving.until([&] { return resolving.lists.back().size() == 2; }, kLimit));
  members[0]->kill();
  for (int i = 0; i < 30; ++i) call();
  // With nobody to tell, a drain takes no longer than its own limit.
  servers[1].reset();
  for (int i = 0; i < 30; ++i) call();
}

TEST_F(Etcd, IsUsedThroughTlsWithACertificateOfTheClients) {
  const testing::CertificateAuthority authority;
  const testing::CertificateText server = authority.server({.ips = {"127.0.0.1"}});
  const testing::CertificateText client = authority.client({});
  EtcdProcess member("secure");
  member.use_tls(authority.certificate(), server.certificate, server.key);
  member.start();
  hosts = member.address();
  const std::string tls = "?ttl=3s&ca=" + member.write("ca.pem", authority.certificate()) +
                          "&cert=" + member.write("client.pem", client.certificate) +
                          "&key=" + member.write("client.key", client.key);
  const auto announced = announce("10.0.0.1:80", tls);
  Result<std::unique_ptr<cluster::Resolver>> made = cluster::make_resolver(loop, target(tls));
  ASSERT_TRUE(made.ok()) << made.status().to_string();
  Resolving resolving(loop, *std::move(made));
  EXPECT_TRUE(until(resolving, {"10.0.0.1:80"}));
  // Without TLS the error says so.
  Resolving plain(loop, resolver());
  ASSERT_TRUE(plain.until_failures(1, kLimit));
  EXPECT_EQ(plain.failures[0].code(), StatusCode::Unavailable);
}

TEST_F(Etcd, TheLossOfOneMemberOfThreeIsOvercome) {
  start_members(3);
  auto first = announce("10.0.0.1:80");
  Resolving resolving(loop, resolver());
  EXPECT_TRUE(until(resolving, {"10.0.0.1:80"}));
  // Each in turn, so that also those are met on which the watch and the lease are.
  for (std::size_t gone = 1; gone <= 2; ++gone) {
    members[gone]->kill();
    const std::string address = "10.0.0.9:" + std::to_string(gone);
    put("weft/greeter/x", "\"" + address + "\"");
    EXPECT_TRUE(until(resolving, {"10.0.0.1:80", address}));
    members[gone]->start();
    wait_until_ready();
  }
  for (const auto& list : resolving.lists) EXPECT_FALSE(list.empty());
}

}  // namespace
}  // namespace weft::test
