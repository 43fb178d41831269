#include "weft/registry/server/registry_service.h"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/registry/internal/test_registry.h"

namespace weft::registry {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::RegisterRequest request_for(const std::string& service, const std::string& id,
                                const std::string& address, std::uint32_t ttl_ms = 10'000) {
  v1::RegisterRequest request;
  request.set_service(service);
  request.mutable_instance()->set_id(id);
  request.mutable_instance()->add_addresses(address);
  request.set_ttl_ms(ttl_ms);
  return request;
}

/// What a watch was told, as "+a" for an instance that is there or has come, "-a" deregistered,
/// "!a" lapsed; "[" and "]" around a snapshot, which begins with its reason.
struct Told {
  std::vector<std::string> lines;
  std::string store_id;
  std::uint64_t revision = 0;
  int heartbeats = 0;
  Status end;
};

void note(const v1::WatchResponse& response, Told& told) {
  told.store_id = response.store_id();
  told.revision = response.revision();
  if (response.has_heartbeat()) ++told.heartbeats;
  if (response.has_snapshot()) {
    told.lines.push_back("[" + v1::WatchResponse::Reason_Name(response.snapshot().reason()));
    for (const v1::Entry& entry : response.snapshot().entries()) {
      told.lines.push_back("+" + entry.instance().id());
    }
    told.lines.push_back(response.snapshot().more() ? "..." : "]");
  }
  for (const v1::Change& change : response.changes().changes()) {
    const char sign = "+-!"[change.kind()];
    told.lines.push_back(sign + change.entry().instance().id());
  }
}

Task<> follow(Channel& channel, v1::WatchRequest request, Told& told) {
  const v1::RegistryClient client{channel};
  auto stream = co_await client.Watch(request);
  v1::WatchResponse response;
  for (;;) {
    const bool read = co_await stream.read(response);
    if (!read) break;
    note(response, told);
  }
  told.end = co_await stream.finish();
}

Task<Status> list(Channel& channel, v1::ListRequest request, std::vector<v1::Entry>& entries) {
  const v1::RegistryClient client{channel};
  auto stream = co_await client.List(request);
  v1::ListResponse part;
  for (;;) {
    const bool read = co_await stream.read(part);
    if (!read) break;
    for (const v1::Entry& entry : part.entries()) entries.push_back(entry);
  }
  co_return co_await stream.finish();
}

class Service : public ::testing::Test {
 protected:
  ~Service() override {
    client_host().enter([this] { watches_.clear(); });
  }
  net::SimLoop& client_host() { return network.host("client"); }

  void begin(RegistryOptions options = {}) {
    registry = std::make_unique<test::SimRegistry>(network, "registry", options);
    channel = std::make_unique<Channel>(
        "registry:7070", ChannelOptions{.initial_backoff = 100ms, .max_backoff = 1s});
  }
  template <class T>
  T run(Task<T> task) {
    return testing::run(client_host(), std::move(task), 1min);
  }
  Result<v1::RegisterResponse> enter(const v1::RegisterRequest& request) {
    return run(v1::RegistryClient{*channel}.Register(request));
  }
  std::uint64_t lease_of(const v1::RegisterRequest& request) {
    const auto response = enter(request);
    EXPECT_TRUE(response.ok()) << response.status().to_string();
    return response.ok() ? response->lease_id() : 0;
  }
  Status keep_alive(std::uint64_t lease) {
    v1::KeepAliveRequest request;
    request.set_lease_id(lease);
    return run(v1::RegistryClient{*channel}.KeepAlive(request)).status();
  }
  Status deregister(std::uint64_t lease) {
    v1::DeregisterRequest request;
    request.set_lease_id(lease);
    return run(v1::RegistryClient{*channel}.Deregister(request)).status();
  }
  std::vector<std::string> ids(const std::string& service = {}) {
    v1::ListRequest request;
    request.set_service(service);
    std::vector<v1::Entry> entries;
    const Status status = run(list(*channel, request, entries));
    EXPECT_TRUE(status.ok()) << status.to_string();
    std::vector<std::string> ids;
    for (const v1::Entry& entry : entries) ids.push_back(entry.instance().id());
    return ids;
  }
  Told& watch(const std::string& service, const Told& from = {}) {
    v1::WatchRequest request;
    request.set_service(service);
    request.set_store_id(from.store_id);
    request.set_revision(from.revision);
    watches_.push_back(std::make_unique<Watching>());
    Watching& made = *watches_.back();
    made.task = follow(*channel, request, made.told);
    client_host().enter([&] { made.task.start(&made.context, {[](void*) noexcept {}, nullptr}); });
    network.run_for(100ms);
    return made.told;
  }

  struct Watching {
    Told told;
    Context context;
    Task<> task;
  };
  net::SimNetwork network{1};
  std::unique_ptr<test::SimRegistry> registry;
  std::unique_ptr<Channel> channel;
  std::vector<std::unique_ptr<Watching>> watches_;
};

TEST_F(Service, ListsWhatIsRegisteredAndNotWhatIsDeregistered) {
  begin();
  const std::uint64_t lease = lease_of(request_for("greeter", "a", "10.0.0.1:80"));
  lease_of(request_for("greeter", "b", "[fd00::1]:80"));
  lease_of(request_for("other", "c", "10.0.0.3:80"));
  EXPECT_THAT(ids(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(ids("greeter"), ElementsAre("a", "b"));
  EXPECT_TRUE(deregister(lease).ok());
  EXPECT_THAT(ids("greeter"), ElementsAre("b"));
  EXPECT_TRUE(deregister(lease).ok()) << "a second time, as after an answer that was lost";
  EXPECT_EQ(registry->service().instances(), 2U);
}

TEST_F(Service, DropsAnInstanceWhoseLeaseWasNotKeptAlive) {
  begin();
  const std::uint64_t lease = lease_of(request_for("greeter", "a", "10.0.0.1:80", 3000));
  lease_of(request_for("greeter", "b", "10.0.0.2:80", 3000));
  network.run_for(2s);
  EXPECT_TRUE(keep_alive(lease).ok());
  network.run_for(2s);
  EXPECT_THAT(ids(), ElementsAre("a"));
  network.run_for(2s);
  EXPECT_THAT(ids(), IsEmpty());
  const Status status = keep_alive(lease);
  EXPECT_EQ(status.code(), StatusCode::NotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("is not known here"));
}

TEST_F(Service, RegisteringAgainEndsTheOldLease) {
  begin();
  const std::uint64_t before = lease_of(request_for("greeter", "a", "10.0.0.1:80"));
  const std::uint64_t now = lease_of(request_for("greeter", "a", "10.0.0.2:80"));
  EXPECT_EQ(keep_alive(before).code(), StatusCode::NotFound);
  EXPECT_TRUE(keep_alive(now).ok());
  EXPECT_TRUE(deregister(before).ok());
  EXPECT_THAT(ids(), ElementsAre("a")) << "the old lease takes nothing of the new away";
}

TEST_F(Service, DeregistersByTheInstanceWhoseLeaseWasNeverHeard) {
  begin();
  lease_of(request_for("greeter", "a", "10.0.0.1:80"));
  v1::DeregisterRequest request;
  request.set_service("greeter");
  request.set_instance_id("a");
  EXPECT_TRUE(run(v1::RegistryClient{*channel}.Deregister(request)).ok());
  EXPECT_THAT(ids(), IsEmpty());
}

TEST_F(Service, WatchesBeginWithASnapshotAndGoOnWithChanges) {
  begin();
  const std::uint64_t lease = lease_of(request_for("greeter", "a", "10.0.0.1:80"));
  const Told& told = watch("greeter");
  const Told& all = watch("");
  EXPECT_THAT(told.lines, ElementsAre("[ASKED", "+a", "]"));
  lease_of(request_for("greeter", "b", "10.0.0.2:80", 2000));
  lease_of(request_for("other", "c", "10.0.0.3:80"));
  EXPECT_TRUE(deregister(lease).ok());
  network.run_for(3s);
  EXPECT_THAT(told.lines, ElementsAre("[ASKED", "+a", "]", "+b", "-a", "!b"));
  EXPECT_THAT(all.lines, ElementsAre("[ASKED", "+a", "]", "+b", "+c", "-a", "!b"));
  EXPECT_EQ(all.revision, 5U);
}

TEST_F(Service, WatchesAreNeverSilentForLongerThanTheHeartbeat) {
  begin({.heartbeat = 2s});
  const Told& told = watch("greeter");
  network.run_for(9s);
  EXPECT_EQ(told.heartbeats, 4);
}

TEST_F(Service, AHeartbeatBringsTheRevisionThatOthersHaveReached) {
  begin();
  const Told& told = watch("greeter");
  lease_of(request_for("other", "c", "10.0.0.3:80"));
  network.run_for(5s);
  EXPECT_EQ(told.revision, 1U);
}

TEST_F(Service, AWatchResumesWhereItLeft) {
  begin();
  lease_of(request_for("greeter", "a", "10.0.0.1:80"));
  const Told before = watch("greeter");
  watches_.clear();
  lease_of(request_for("greeter", "b", "10.0.0.2:80"));
  const Told& resumed = watch("greeter", before);
  EXPECT_THAT(resumed.lines, ElementsAre("+b"));
  const Told& nothing_new = watch("greeter", resumed);
  EXPECT_THAT(nothing_new.lines, IsEmpty());
  EXPECT_EQ(nothing_new.heartbeats, 1) << "a sign that the watch is there";
}

TEST_F(Service, AWatchThatMissedTooMuchIsToldEverythingAgain) {
  begin({.history = 3});
  lease_of(request_for("greeter", "a", "10.0.0.1:80"));
  const Told before = watch("greeter");
  for (const char* id : {"b", "c", "d", "e"}) {
    lease_of(request_for("greeter", id, "10.0.0.2:80"));
  }
  EXPECT_THAT(watch("greeter", before).lines,
              ElementsAre("[COMPACTED", "+a", "+b", "+c", "+d", "+e", "]"));
}

TEST_F(Service, AWatchOfAnotherStoreIsToldEverythingAgain) {
  begin();
  lease_of(request_for("greeter", "a", "10.0.0.1:80"));
  Told before = watch("greeter");
  before.revision = 7;
  EXPECT_THAT(watch("greeter", before).lines, ElementsAre("[OTHER_STORE", "+a", "]"));
  before.revision = 1;
  before.store_id = "another";
  EXPECT_THAT(watch("greeter", before).lines, ElementsAre("[OTHER_STORE", "+a", "]"));
}

TEST_F(Service, ALongSnapshotComesInParts) {
  begin({.max_instance_size = 100'000, .max_attribute_value = 100'000});
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    v1::RegisterRequest request = request_for("greeter", id, "10.0.0.2:80");
    (*request.mutable_instance()->mutable_attributes())["long"] = std::string(50'000, 'x');
    lease_of(request);
  }
  EXPECT_THAT(watch("greeter").lines,
              ElementsAre("[ASKED", "+a", "...", "[ASKED", "+b", "...", "[ASKED", "+c", "...",
                          "[ASKED", "+d", "...", "[ASKED", "+e", "]"));
  EXPECT_THAT(ids(), ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(Service, ARestartKeepsInstancesLeasesAndRevisions) {
  begin();
  const std::uint64_t lease = lease_of(request_for("greeter", "a", "10.0.0.1:80", 3000));
  lease_of(request_for("greeter", "b", "10.0.0.2:80", 3000));
  const Told before = watch("greeter");
  registry->kill();
  network.run_for(10min);
  registry->start();
  network.run_for(5s);
  EXPECT_THAT(ids(), ElementsAre("a", "b")) << "both have their time, and the grace, to come back";
  EXPECT_TRUE(keep_alive(lease).ok()) << "by the lease of before";
  EXPECT_THAT(watch("greeter", before).lines, IsEmpty()) << "nothing has happened";
  for (int i = 0; i < 7; ++i) {
    network.run_for(2s);
    EXPECT_TRUE(keep_alive(lease).ok());
  }
  EXPECT_THAT(ids(), ElementsAre("a")) << "b did not come back in its time and the grace";
  EXPECT_THAT(watch("greeter", before).lines, ElementsAre("!b"));
}

TEST_F(Service, ExtendsLeasesByTheTimeItStoodStill) {
  begin();
  const std::uint64_t lease = lease_of(request_for("greeter", "a", "10.0.0.1:80", 3000));
  registry->host().enter([this] { registry->host().work(30s); });
  network.run_for(30s);
  EXPECT_TRUE(keep_alive(lease).ok());
  network.run_for(2s);
  EXPECT_THAT(ids(), ElementsAre("a"));
  network.run_for(4s);
  EXPECT_THAT(ids(), IsEmpty());
}

TEST_F(Service, WhatCannotBeStoredIsRefusedAndChangesNothing) {
  begin();
  const std::uint64_t lease = lease_of(request_for("greeter", "a", "10.0.0.1:80", 3000));
  const Told& told = watch("greeter");
  registry->store().fault = [] { return resource_exhausted("disk full"); };
  EXPECT_EQ(enter(request_for("greeter", "b", "10.0.0.2:80")).status(),
            resource_exhausted("disk full"));
  EXPECT_EQ(deregister(lease).code(), StatusCode::ResourceExhausted);
  network.run_for(5s);
  EXPECT_THAT(ids(), ElementsAre("a")) << "nor can it lapse";
  EXPECT_TRUE(keep_alive(lease).ok());
  registry->store().fault = nullptr;
  network.run_for(2s);
  EXPECT_THAT(ids(), ElementsAre("a"));
  network.run_for(2s);
  EXPECT_THAT(told.lines, ElementsAre("[ASKED", "+a", "]", "!a"));
}

TEST_F(Service, NamesTheLimitThatIsReached) {
  begin({.max_instances = 2, .max_instance_size = 1000, .max_watches = 1});
  lease_of(request_for("greeter", "a", "10.0.0.1:80"));
  lease_of(request_for("greeter", "b", "10.0.0.2:80"));
  const Status many = enter(request_for("greeter", "c", "10.0.0.3:80")).status();
  EXPECT_EQ(many.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(many.message()), HasSubstr("limit of 2 instances"));
  EXPECT_TRUE(enter(request_for("greeter", "a", "10.0.0.4:80")).ok()) << "in the place of itself";

  v1::RegisterRequest large = request_for("greeter", "a", "10.0.0.1:80");
  (*large.mutable_instance()->mutable_attributes())["long"] = std::string(1000, 'x');
  const Status size = enter(large).status();
  EXPECT_EQ(size.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(size.message()), HasSubstr("more than 1000 (RegistryOptions::max_inst"));

  watch("greeter");
  const Status watches = watch("greeter").end;
  EXPECT_EQ(watches.code(), StatusCode::ResourceExhausted);
  EXPECT_THAT(std::string(watches.message()), HasSubstr("limit of 1 watches"));
}

TEST_F(Service, NamesTheLimitOfAttributes) {
  begin({.max_attributes = 2, .max_attribute_name = 10, .max_attribute_value = 20});
  const auto error = [this](std::vector<std::pair<std::string, std::string>> attributes) {
    v1::RegisterRequest request = request_for("greeter", "a", "10.0.0.1:80");
    for (auto& [name, value] : attributes) {
      (*request.mutable_instance()->mutable_attributes())[name] = value;
    }
    return std::string(enter(request).status().message());
  };
  EXPECT_EQ(error({{"a", "1"}, {"b", std::string(20, 'x')}}), "");
  EXPECT_EQ(error({{"a", "1"}, {"b", "2"}, {"c", "3"}}),
            "the instance has 3 attributes, more than 2 (RegistryOptions::max_attributes)");
  EXPECT_EQ(error({{"longer than 10", "1"}}),
            "the name of an attribute has 14 bytes, more than 10 "
            "(RegistryOptions::max_attribute_name)");
  EXPECT_EQ(error({{"a", std::string(21, 'x')}}),
            "attribute 'a' has 21 bytes, more than 20 (RegistryOptions::max_attribute_value)");
}

TEST_F(Service, LimitsTheWatchesOfAClientAndGivesThemBack) {
  begin({.max_watches = 3, .max_watches_per_client = 2});
  watch("greeter");
  watch("greeter");
  EXPECT_THAT(std::string(watch("other").end.message()),
              HasSubstr("client memory:client has its limit of 2 watches "
                        "(RegistryOptions::max_watches_per_client)"));
  client_host().enter([this] { watches_.clear(); });
  network.run_for(1s);
  EXPECT_EQ(registry->service().watches(), 0U);
  EXPECT_TRUE(watch("greeter").end.ok());
}

TEST_F(Service, LimitsTheInstancesOfAClient) {
  begin({.max_instances_per_client = 1});
  lease_of(request_for("greeter", "a", "10.0.0.1:80"));
  EXPECT_EQ(enter(request_for("greeter", "b", "10.0.0.1:80")).status(),
            resource_exhausted("client memory:client has its limit of 1 instances "
                               "(RegistryOptions::max_instances_per_client)"));
  EXPECT_TRUE(enter(request_for("greeter", "a", "10.0.0.2:80")).ok()) << "in the place of itself";
  Channel other("registry:7070");
  const auto entered = testing::run(
      network.host("other"),
      v1::RegistryClient{other}.Register(request_for("greeter", "b", "10.0.0.1:80")), 1min);
  EXPECT_TRUE(entered.ok()) << entered.status().to_string();
}

/// Reads after a pause, so that a long snapshot stops in its middle.
Task<> follow_late(Channel& channel, v1::WatchRequest request, Told& told) {
  const v1::RegistryClient client{channel};
  auto stream = co_await client.Watch(request);
  const Status slept = co_await net::sleep(5s);
  EXPECT_TRUE(slept.ok());
  v1::WatchResponse response;
  for (;;) {
    const bool read = co_await stream.read(response);
    if (!read) break;
    note(response, told);
  }
}

TEST_F(Service, WhatChangesDuringALongSnapshotIsToldBehindIt) {
  begin({.max_instance_size = 100'000, .max_attribute_value = 100'000});
  const auto enter_long = [this](const std::string& id) {
    v1::RegisterRequest request = request_for("greeter", id, "10.0.0.2:80", 100'000);
    (*request.mutable_instance()->mutable_attributes())["long"] = std::string(60'000, 'x');
    return lease_of(request);
  };
  std::vector<std::uint64_t> leases;
  for (const char* id : {"b", "c", "d", "e", "f"}) leases.push_back(enter_long(id));
  Channel narrow("registry:7070", ChannelOptions{.stream_window = 65'535, .max_window = 65'535});
  Watching watching;
  v1::WatchRequest request;
  request.set_service("greeter");
  watching.task = follow_late(narrow, request, watching.told);
  client_host().enter([&] {
    watching.task.start(&watching.context, {[](void*) noexcept {}, nullptr});
  });
  network.run_for(1s);
  enter_long("a");
  EXPECT_TRUE(deregister(leases[0]).ok());
  EXPECT_TRUE(deregister(leases[4]).ok());
  network.run_for(10s);
  std::set<std::string> known;
  for (const std::string& line : watching.told.lines) {
    if (line.starts_with('+')) known.insert(line.substr(1));
    if (line.starts_with('-')) known.erase(line.substr(1));
  }
  EXPECT_EQ(known, (std::set<std::string>{"a", "c", "d", "e"}))
      << ::testing::PrintToString(watching.told.lines);
  EXPECT_EQ(watching.told.revision, 8U);
  client_host().enter([&] { const Task<> dropped = std::move(watching.task); });
}

TEST_F(Service, ListsServicesInParts) {
  begin();
  std::vector<std::string> expected;
  for (int i = 100; i < 500; ++i) {
    expected.push_back(std::string(240, 's') + std::to_string(i));
    lease_of(request_for(expected.back(), "a", "10.0.0.1:80"));
  }
  std::vector<std::string> names;
  v1::ListServicesRequest request;
  int parts = 0;
  for (bool more = true; more; ++parts) {
    const auto part = run(v1::RegistryClient{*channel}.ListServices(request));
    ASSERT_TRUE(part.ok());
    for (const auto& service : part->services()) names.push_back(service.name());
    more = part->more();
    request.set_after(names.back());
  }
  EXPECT_EQ(names, expected);
  EXPECT_GT(parts, 1);
}

TEST_F(Service, RefusesWhatNobodyCouldUse) {
  begin();
  const auto error = [this](const v1::RegisterRequest& request) {
    const Status status = enter(request).status();
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(error(request_for("", "a", "10.0.0.1:80")), HasSubstr("no name"));
  EXPECT_THAT(error(request_for("a b", "a", "10.0.0.1:80")), HasSubstr("service 'a b'"));
  EXPECT_THAT(error(request_for("a", "", "10.0.0.1:80")), HasSubstr("id has 0 bytes"));
  EXPECT_THAT(error(request_for("a", "a", "example.org:80")), HasSubstr("'example.org:80'"));
  EXPECT_THAT(error(request_for("a", "a", "0.0.0.0:80")), HasSubstr("every interface"));
  EXPECT_THAT(error(request_for("a", "a", "10.0.0.1:0")), HasSubstr("port 0"));
  EXPECT_THAT(error(request_for("a", "a", "10.0.0.1:80", 10)),
              HasSubstr("a lease of 10ms is not from 1s to 3600s"));
  EXPECT_THAT(error(request_for("a", "a", "10.0.0.1:80", 4'000'000)), HasSubstr("4000s"));
}

TEST_F(Service, RefusesLocalAddressesFromElsewhere) {
  begin();
  for (const char* address :
       {"unix:/tmp/x", "unix:@x", "127.0.0.1:80", "[::1]:80", "[::ffff:127.0.0.1]:80",
        "169.254.169.254:80", "[fe80::1]:80", "[fe80::1%eth0]:80", "[64:ff9b::7f00:1]:80"}) {
    const Status status = enter(request_for("greeter", "a", address)).status();
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << address;
    EXPECT_THAT(std::string(status.message()), HasSubstr("and this one is at memory:client"))
        << address;
  }
  v1::RegisterRequest both = request_for("greeter", "a", "10.0.0.1:80");
  both.mutable_instance()->add_addresses("unix:/tmp/x");
  EXPECT_FALSE(enter(both).ok()) << "behind one that is good";
  EXPECT_THAT(ids(), IsEmpty());
}

TEST_F(Service, RefusesAddressesThatLeadNowhere) {
  begin();
  for (const char* address : {"224.0.0.1:80", "255.255.255.255:80", "0.1.2.3:80", "[::]:80",
                              "[ff02::1]:80", "[::ffff:0.0.0.0]:80", "[::127.0.0.1]:80"}) {
    EXPECT_EQ(enter(request_for("greeter", "a", address)).status().code(),
              StatusCode::InvalidArgument)
        << address;
  }
  const std::string control = std::string("unix:/tmp/a") + '\n' + "b";
  EXPECT_THAT(std::string(enter(request_for("greeter", "a", control)).status().message()),
              HasSubstr("control character"));
  EXPECT_THAT(
      std::string(
          enter(request_for("greeter", "a", "memory:" + std::string(300, 'x'))).status().message()),
      HasSubstr("an address has 307 bytes, more than 256"));
}

TEST_F(Service, BoundsTheWeight) {
  begin();
  v1::RegisterRequest request = request_for("greeter", "a", "10.0.0.1:80");
  request.mutable_instance()->set_weight(1000);
  EXPECT_TRUE(enter(request).ok());
  request.mutable_instance()->set_weight(4'294'967'295);
  EXPECT_THAT(std::string(enter(request).status().message()),
              HasSubstr("weight is 4294967295, more than 1000"));
}

TEST_F(Service, WatchesEndWhenTheServerDrains) {
  begin();
  const Told& told = watch("greeter");
  registry->host().enter([this] { registry->server().stop(10s); });
  network.run_for(1s);
  EXPECT_EQ(told.end.code(), StatusCode::Unavailable);
  EXPECT_EQ(told.end.message(), "the registry is shutting down");
}

TEST_F(Service, CommitsTogetherWhatComesTogether) {
  begin();
  int commits = 0;
  registry->store().fault = [&commits] {
    ++commits;
    return Status();
  };
  struct Caller {
    static Task<Status> enter(Channel& channel, v1::RegisterRequest request) {
      const v1::RegistryClient client{channel};
      const auto response = co_await client.Register(request);
      co_return response.status();
    }
    static Task<int> all_of(Channel& channel) {
      std::vector<Task<Status>> tasks;
      for (int i = 0; i < 200; ++i) {
        tasks.push_back(enter(channel, request_for("greeter", std::to_string(i), "10.0.0.1:80")));
      }
      const std::vector<Status> outcomes = co_await all(std::move(tasks));
      int ok = 0;
      for (const Status& outcome : outcomes) ok += outcome.ok();
      co_return ok;
    }
  };
  EXPECT_EQ(run(Caller::all_of(*channel)), 200);
  EXPECT_EQ(ids().size(), 200U);
  EXPECT_LT(commits, 100);
}

TEST(RegistryService, SaysWhichOptionIsImpossible) {
  const auto error = [](RegistryOptions options) {
    return std::string(RegistryService::open(make_memory_store(), options).status().message());
  };
  EXPECT_THAT(error({.default_ttl = 100ms}), HasSubstr("min_ttl 1s, default_ttl 100ms"));
  EXPECT_THAT(error({.heartbeat = 0s}), HasSubstr("a heartbeat of 0s"));
  EXPECT_THAT(error({.history = 0}), HasSubstr("history is 0"));
}

}  // namespace
}  // namespace weft::registry
