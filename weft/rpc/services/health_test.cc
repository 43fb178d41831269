#include "weft/rpc/services/health.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/rpc/services/internal/health_watchers.h"
#include "weft/testing/in_process.h"
#include "weft/testing/run.h"

#include "weft_wire/grpc/health/v1/health.weft.h"

namespace weft {
namespace {

namespace v1 = weft_wire::grpc::health::v1;
using std::chrono::seconds;
using testing::InProcess;

TEST(HealthRegistry, ServesAsAWholeFromTheStart) {
  const HealthRegistry registry;
  EXPECT_EQ(registry.get(""), ServingStatus::Serving);
  EXPECT_EQ(registry.get("a.B"), ServingStatus::ServiceUnknown);
}

TEST(HealthRegistry, KeepsTheLastThatWasSet) {
  HealthRegistry registry;
  registry.set("a.B", ServingStatus::Serving);
  registry.set("a.B", ServingStatus::NotServing);
  EXPECT_EQ(registry.get("a.B"), ServingStatus::NotServing);
  registry.set("a.B", ServingStatus::ServiceUnknown);
  EXPECT_EQ(registry.get("a.B"), ServingStatus::ServiceUnknown);
  EXPECT_EQ(registry.list(10)->size(), 1u);
}

TEST(HealthRegistry, ServesNothingAfterShutdown) {
  HealthRegistry registry;
  registry.set("a.B", ServingStatus::Serving);
  registry.shutdown();
  registry.set("a.B", ServingStatus::Serving);
  registry.set("c.D", ServingStatus::Serving);
  EXPECT_EQ(registry.get(""), ServingStatus::NotServing);
  EXPECT_EQ(registry.get("a.B"), ServingStatus::NotServing);
  EXPECT_EQ(registry.get("c.D"), ServingStatus::ServiceUnknown);
}

TEST(HealthRegistry, ListsInOrderAndNoMoreThanTheLimit) {
  HealthRegistry registry;
  registry.set("b", ServingStatus::NotServing);
  registry.set("a", ServingStatus::Serving);
  const auto services = registry.list(3);
  ASSERT_TRUE(services.ok());
  using Pair = std::pair<std::string, ServingStatus>;
  EXPECT_EQ(*services, (std::vector<Pair>{{"", ServingStatus::Serving},
                                          {"a", ServingStatus::Serving},
                                          {"b", ServingStatus::NotServing}}));
  const Status status = registry.list(2).status();
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(status.message(),
            "health: 3 services are more than the 2 that a list may hold; ask for them one by one");
}

v1::HealthCheckRequest request_for(const std::string& service) {
  v1::HealthCheckRequest request;
  request.set_service(service);
  return request;
}

TEST(Health, ChecksTheServerItsServicesAndNoOthers) {
  InProcess world;
  const v1::HealthClient health{world.channel()};
  world.server().set_serving("a.B", false);
  const auto whole = world.run(health.Check(request_for("")));
  ASSERT_TRUE(whole.ok()) << whole.status().to_string();
  EXPECT_EQ(whole->status(), v1::HealthCheckResponse::SERVING);
  EXPECT_EQ(world.run(health.Check(request_for("a.B")))->status(),
            v1::HealthCheckResponse::NOT_SERVING);
  const Status unknown = world.run(health.Check(request_for("c.D"))).status();
  EXPECT_EQ(unknown.code(), StatusCode::NotFound);
  EXPECT_EQ(unknown.message(), "health: nothing is known of the service 'c.D'");
}

TEST(Health, ListsWhatTheServerHas) {
  InProcess world;
  world.server().set_serving("a.B", false);
  const v1::HealthClient health{world.channel()};
  const auto list = world.run(health.List(v1::HealthListRequest()));
  ASSERT_TRUE(list.ok()) << list.status().to_string();
  ASSERT_EQ(list->statuses_size(), 2);
  EXPECT_EQ(list->statuses().at("").status(), v1::HealthCheckResponse::SERVING);
  EXPECT_EQ(list->statuses().at("a.B").status(), v1::HealthCheckResponse::NOT_SERVING);
}

/// What a watch has told so far, and how it ended.
struct Watched {
  std::vector<int> statuses;
  Status end;
};

Task<Status> watch(Channel& channel, std::string service, Watched& watched) {
  const v1::HealthClient health{channel};
  const v1::HealthCheckRequest request = request_for(service);
  auto stream = co_await health.Watch(request);
  v1::HealthCheckResponse response;
  for (;;) {
    const bool read = co_await stream.read(response);
    if (!read) break;
    watched.statuses.push_back(response.status());
  }
  watched.end = co_await stream.finish();
  co_return watched.end;
}

class HealthWatching : public ::testing::Test {
 protected:
  void start_watching(std::string service) {
    Channel& channel = world.channel();
    task = watch(channel, std::move(service), watched);
    world.client_host().enter([this] { task.start(&context, {[](void*) noexcept {}, nullptr}); });
    world.run_for(seconds(1));
  }
  void end_watching() {
    world.client_host().enter([this] { context.cancel(cancelled("the test has seen enough")); });
    world.run_for(seconds(1));
    EXPECT_TRUE(task.done());
  }

  InProcess world;
  Context context;
  Watched watched;
  Task<Status> task{Status()};
};

TEST_F(HealthWatching, TellsTheStatusNowAndEachChange) {
  start_watching("");
  world.server().set_serving("", false);
  world.run_for(seconds(1));
  world.server().set_serving("", false);
  world.run_for(seconds(1));
  world.server().set_serving("", true);
  world.run_for(seconds(1));
  EXPECT_EQ(watched.statuses, (std::vector<int>{v1::HealthCheckResponse::SERVING,
                                                v1::HealthCheckResponse::NOT_SERVING,
                                                v1::HealthCheckResponse::SERVING}));
  end_watching();
  EXPECT_EQ(watched.end.code(), StatusCode::Cancelled);
}

TEST_F(HealthWatching, TellsOfAServiceThatBecomesKnown) {
  start_watching("a.B");
  world.server().set_serving("a.B", true);
  world.run_for(seconds(1));
  EXPECT_EQ(watched.statuses, (std::vector<int>{v1::HealthCheckResponse::SERVICE_UNKNOWN,
                                                v1::HealthCheckResponse::SERVING}));
  end_watching();
}

TEST_F(HealthWatching, TellsOnlyTheLastOfChangesThatCameTogether) {
  start_watching("");
  world.server().set_serving("", false);
  world.server().set_serving("", true);
  world.server().set_serving("", false);
  world.run_for(seconds(1));
  EXPECT_EQ(watched.statuses, (std::vector<int>{v1::HealthCheckResponse::SERVING,
                                                v1::HealthCheckResponse::NOT_SERVING}));
  end_watching();
}

TEST_F(HealthWatching, EndsWhenTheServerDrains) {
  start_watching("");
  const TimePoint begun = world.now();
  testing::run(world.server_host(), world.server().shutdown(seconds(600)));
  EXPECT_LT(world.now() - begun, seconds(10));
  world.run_for(seconds(1));
  EXPECT_TRUE(task.done());
  EXPECT_EQ(watched.statuses, (std::vector<int>{v1::HealthCheckResponse::SERVING,
                                                v1::HealthCheckResponse::NOT_SERVING}));
  EXPECT_EQ(watched.end.code(), StatusCode::Unavailable);
  EXPECT_EQ(watched.end.message(), "health: the server is shutting down");
}

/// A watch on a loop of its own that counts what it is told.
Task<> count(rpc::WatchedHealth& watch, int until, std::atomic<int>& told) {
  while (told < until) {
    const Result<ServingStatus> status = co_await watch.next();
    if (!status.ok()) co_return;
    ++told;
  }
}

TEST(HealthRegistry, IsSetFromOtherThreadsWhileWatchesComeAndGo) {
  auto registry = std::make_shared<HealthRegistry>();
  std::atomic<bool> stop = false;
  std::thread setter([&] {
    for (bool serving = false; !stop; serving = !serving) {
      registry->set("a.B", serving ? ServingStatus::Serving : ServingStatus::NotServing);
    }
  });
  net::AsioLoop loop;
  for (int i = 0; i < 20; ++i) {
    std::atomic<int> told = 0;
    testing::run(loop,
                 [](std::shared_ptr<HealthRegistry> from, std::atomic<int>& seen) -> Task<int> {
                   rpc::WatchedHealth watch(std::move(from), "a.B");
                   co_await count(watch, 5, seen);
                   co_return 0;
                 }(registry, told));
    EXPECT_EQ(told, 5);
  }
  stop = true;
  setter.join();
}

TEST(HealthRegistry, KeepsNoNameThatIsTooLong) {
  HealthRegistry registry;
  registry.set(std::string(kMaxHealthName, 'n'), ServingStatus::Serving);
  registry.set(std::string(kMaxHealthName + 1, 'n'), ServingStatus::Serving);
  EXPECT_EQ(registry.list(10)->size(), 2U);
}

TEST(Health, RepeatsOnlyTheBeginningOfALongName) {
  InProcess world;
  const v1::HealthClient health{world.channel()};
  const Status unknown = world.run(health.Check(request_for(std::string(1000, 'n')))).status();
  EXPECT_EQ(unknown.message(), "health: nothing is known of the service '" + std::string(128, 'n') +
                                   "... (1000 bytes)'");
}

TEST(Health, RefusesALargeRequestBeforeItIsUnpacked) {
  InProcess world;
  const v1::HealthClient health{world.channel()};
  for (const Compression compression : {Compression::Identity, Compression::Zstd}) {
    const Status status =
        world.run(health.Check(request_for(std::string(2000, 'n')), {.compression = compression}))
            .status();
    EXPECT_EQ(status.code(), StatusCode::ResourceExhausted) << status.to_string();
    EXPECT_NE(status.message().find("1024"), std::string_view::npos) << status.message();
  }
}

TEST_F(HealthWatching, EndsAtOnceForANameThatIsTooLong) {
  start_watching(std::string(kMaxHealthName + 1, 'n'));
  ASSERT_TRUE(task.done());
  EXPECT_EQ(watched.statuses, std::vector<int>{v1::HealthCheckResponse::SERVICE_UNKNOWN});
  EXPECT_EQ(watched.end.code(), StatusCode::NotFound);
}

TEST(Health, LimitsTheWatchesOfAConnection) {
  InProcess world;
  Channel& channel = world.channel();
  Context context;
  std::vector<std::unique_ptr<Watched>> all;
  std::vector<Task<Status>> tasks;
  for (std::size_t i = 0; i <= kMaxHealthWatchesPerConnection; ++i) {
    all.push_back(std::make_unique<Watched>());
    tasks.push_back(watch(channel, "", *all.back()));
    world.client_host().enter([&] {
      tasks.back().start(&context, {[](void*) noexcept {}, nullptr});
    });
  }
  world.run_for(seconds(1));
  ASSERT_TRUE(tasks.back().done());
  EXPECT_EQ(all.back()->end.code(), StatusCode::ResourceExhausted);
  EXPECT_NE(all.back()->end.message().find("kMaxHealthWatchesPerConnection"),
            std::string_view::npos)
      << all.back()->end.message();
  EXPECT_EQ(all.front()->statuses.size(), 1U);
  world.client_host().enter([&] { context.cancel(cancelled("the test has seen enough")); });
  world.run_for(seconds(1));
  Watched later;
  Context another;
  Task<Status> again = watch(channel, "", later);
  world.client_host().enter([&] { again.start(&another, {[](void*) noexcept {}, nullptr}); });
  world.run_for(seconds(1));
  EXPECT_EQ(later.statuses.size(), 1U);
  world.client_host().enter([&] { another.cancel(cancelled("the test has seen enough")); });
  world.run_for(seconds(1));
}

/// Watches without a call around them, on one loop.
struct ManyWatches {
  net::AsioLoop loop;
  std::shared_ptr<HealthRegistry> registry = std::make_shared<HealthRegistry>();
  std::vector<std::unique_ptr<rpc::WatchedHealth>> watches;

  ~ManyWatches() { clear(); }
  void add(std::size_t count, const std::string& service) {
    loop.enter([&] {
      for (std::size_t i = 0; i < count; ++i) {
        watches.push_back(std::make_unique<rpc::WatchedHealth>(registry, service));
      }
    });
  }
  void clear() {
    loop.enter([this] { watches.clear(); });
  }
  Status next_of_last() {
    return testing::run(loop, [](rpc::WatchedHealth& last) -> Task<Status> {
      const Result<ServingStatus> status = co_await last.next();
      co_return status.status();
    }(*watches.back()));
  }
};

TEST(HealthRegistry, LimitsItsWatches) {
  ManyWatches many;
  many.add(kMaxHealthWatches, "a.B");
  EXPECT_TRUE(many.next_of_last().ok());
  many.add(1, "");
  EXPECT_EQ(many.next_of_last().code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(many.registry->watches(), kMaxHealthWatches);
  many.clear();
  EXPECT_EQ(many.registry->watches(), 0U);
  many.add(1, "");
  EXPECT_TRUE(many.next_of_last().ok());
}

// Ending one watch by looking through the others takes many seconds.
TEST(HealthRegistry, EndsManyWatchesOfOneServiceInNoTime) {
  ManyWatches many;
  const auto begun = std::chrono::steady_clock::now();
  many.add(kMaxHealthWatches, "a.B");
  many.clear();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds(3));
}

/// A watch that counts what it is told.
Task<> count_all(rpc::WatchedHealth& watch, std::size_t& told) {
  while (true) {
    const Result<ServingStatus> status = co_await watch.next();
    if (!status.ok()) co_return;
    ++told;
  }
}

TEST(HealthRegistry, WakesManyWatchesInBatches) {
  ManyWatches many;
  constexpr std::size_t kWatches = 20 * rpc::HealthWatchers::kBatch;
  many.add(kWatches, "a.B");
  std::size_t told = 0;
  std::vector<Task<>> tasks;
  Context context;
  many.loop.enter([&] {
    for (auto& watch : many.watches) {
      tasks.push_back(count_all(*watch, told));
      tasks.back().start(&context, {[](void*) noexcept {}, nullptr});
    }
  });
  EXPECT_EQ(told, kWatches);  // SERVICE_UNKNOWN
  many.registry->set("a.B", ServingStatus::Serving);
  std::size_t most = 0;
  std::size_t before = told;
  testing::run(many.loop,
               [](std::size_t until, std::size_t& so_far, std::size_t& last,
                  std::size_t& largest) -> Task<int> {
                 while (so_far < until) {
                   static_cast<void>(co_await net::sleep(Duration::zero()));
                   largest = std::max(largest, so_far - std::exchange(last, so_far));
                 }
                 co_return 0;
               }(2 * kWatches, told, before, most));
  EXPECT_LE(most, 2 * rpc::HealthWatchers::kBatch);
  many.registry->shutdown();
  testing::run(many.loop, [](std::vector<Task<>>& all) -> Task<int> {
    for (const Task<>& task : all) {
      while (!task.done()) static_cast<void>(co_await net::sleep(Duration::zero()));
    }
    co_return 0;
  }(tasks));
  EXPECT_EQ(told, 3 * kWatches);
}

}  // namespace
}  // namespace weft
