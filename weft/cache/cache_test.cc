#include "weft/cache/cache.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/scope.h"
#include "weft/net/loop/wait.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/testing/run.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

using Prices = Cache<std::string, int>;

class CacheTest : public ::testing::Test {
 protected:
  /// Gives what `prices` has after `delay`, or fails with `failure`.
  Task<Result<int>> load(std::string key) {
    ++loads;
    const Status waited = co_await net::Wait(host, after(host.now(), delay));
    if (!waited.ok()) co_return waited;
    if (!failure.ok()) co_return failure;
    const auto found = prices.find(key);
    if (found == prices.end()) co_return not_found("no such article");
    co_return found->second;
  }
  void make(const CacheOptions& options) {
    cache.emplace(options, [this](const std::string& key) { return load(key); });
  }
  static Task<std::string> told(Prices* cache, std::string key) {
    const Result<Prices::Pointer> price = co_await cache->get(key);
    co_return price.ok() ? std::to_string(**price) : price.status().to_string();
  }
  std::string get(const std::string& key) { return weft::testing::run(host, told(&*cache, key)); }
  static Task<Status> keep(Prices* cache, std::string key, std::vector<std::string>* all) {
    all->push_back(co_await told(cache, std::move(key)));
    co_return ok_status();
  }
  /// So many callers at once.
  std::vector<std::string> get_many(const std::string& key, int callers) {
    std::vector<std::string> all;
    const auto ask = [&]() -> Task<Status> {
      Scope scope(nullptr);
      for (int i = 0; i < callers; ++i) scope.spawn(keep(&*cache, key, &all));
      co_await scope.join();
      co_return scope.status();
    };
    EXPECT_TRUE(weft::testing::run(host, ask()).ok());
    return all;
  }
  /// Begins to get a value and runs `meanwhile` while it is loaded.
  template <class F>
  std::string get_while(const std::string& key, F meanwhile) {
    const auto ask = [&]() -> Task<std::string> {
      std::vector<std::string> all;
      Scope scope(nullptr);
      scope.spawn(keep(&*cache, key, &all));
      meanwhile();
      co_await scope.join();
      co_return all.front();
    };
    return weft::testing::run(host, ask());
  }
  void pass(Duration time) { network.run_for(time); }
  void put(const std::string& key, int price) {
    host.enter([&] { cache->put(key, price); });
  }

  net::SimNetwork network{1};
  net::SimLoop& host = network.host("server");
  std::map<std::string, int> prices = {{"tea", 3}, {"milk", 1}};
  Duration delay = 10ms;
  Status failure;
  int loads = 0;
  std::optional<Prices> cache;
};

TEST_F(CacheTest, LoadsAValueOnceWhileItIsFresh) {
  make({.ttl = 1min, .refresh_ahead = 0});
  EXPECT_EQ(get("tea"), "3");
  prices["tea"] = 4;
  EXPECT_EQ(get("tea"), "3");
  EXPECT_EQ(loads, 1);
  pass(1min);
  EXPECT_EQ(get("tea"), "4");
}

TEST_F(CacheTest, AThousandCallersMakeOneLoad) {
  make({});
  const std::vector<std::string> all = get_many("tea", 1000);
  EXPECT_THAT(all, ::testing::SizeIs(1000));
  EXPECT_THAT(all, ::testing::Each("3"));
  EXPECT_EQ(loads, 1);
  EXPECT_EQ(cache->stats().misses, 1000U);
}

TEST_F(CacheTest, KeepsForAWhileThatThereIsNone) {
  make({.absent_ttl = 10s});
  EXPECT_EQ(get("gold"), "NOT_FOUND: no such article");
  prices["gold"] = 9;
  EXPECT_THAT(get("gold"), HasSubstr("NOT_FOUND"));
  EXPECT_EQ(loads, 1);
  pass(11s);
  EXPECT_EQ(get("gold"), "9");
}

TEST_F(CacheTest, KeepsNoAbsenceWhereNoneIsWanted) {
  make({.absent_ttl = 0s});
  EXPECT_THAT(get("gold"), HasSubstr("NOT_FOUND"));
  prices["gold"] = 9;
  EXPECT_EQ(get("gold"), "9");
}

TEST_F(CacheTest, KeepsNoErrors) {
  make({});
  failure = unavailable("the database is away");
  EXPECT_EQ(get("tea"), "UNAVAILABLE: the database is away");
  failure = ok_status();
  EXPECT_EQ(get("tea"), "3");
}

TEST_F(CacheTest, GivesAStaleValueWhileItIsLoadedAnew) {
  make({.ttl = 1s, .stale_while_revalidate = 1min, .refresh_ahead = 0});
  EXPECT_EQ(get("tea"), "3");
  prices["tea"] = 4;
  pass(2s);
  EXPECT_EQ(get("tea"), "3");
  pass(20ms);
  EXPECT_EQ(get("tea"), "4");
  EXPECT_EQ(cache->stats().stale, 1U);
  pass(2min);
  prices["tea"] = 5;
  EXPECT_EQ(get("tea"), "5") << "too old to be given";
}

TEST_F(CacheTest, GivesAStaleValueWhereTheLoadFails) {
  make({.ttl = 1s, .stale_if_error = 1min, .refresh_ahead = 0});
  EXPECT_EQ(get("tea"), "3");
  pass(2s);
  failure = unavailable("the database is away");
  EXPECT_EQ(get("tea"), "3");
  EXPECT_EQ(get("tea"), "3") << "without another load within a second";
  EXPECT_EQ(loads, 2);
  pass(2min);
  EXPECT_EQ(get("tea"), "UNAVAILABLE: the database is away");
}

TEST_F(CacheTest, NobodyWaitsForALoadThatHasFailedBefore) {
  make({.ttl = 1s, .stale_if_error = 1min, .refresh_ahead = 0, .load_timeout = 10s});
  EXPECT_EQ(get("tea"), "3");
  pass(2s);
  delay = 1h;  // it hangs
  EXPECT_EQ(get("tea"), "3");
  pass(2s);
  const TimePoint asked = host.now();
  EXPECT_EQ(get("tea"), "3");
  EXPECT_EQ(host.now(), asked);
  EXPECT_EQ(loads, 3);
}

TEST_F(CacheTest, LightEntriesAreBoundedInNumber) {
  delay = 0ms;
  cache.emplace(
      CacheOptions{.max_weight = 1'000'000, .max_entries = 50},
      [](const std::string& key) -> Task<Result<int>> {
        if (key.size() % 2 == 0) co_return not_found("no such article");
        co_return 1;
      },
      [](const std::string&, int) { return 0U; });
  for (int i = 0; i < 200; ++i) get(std::to_string(i));
  EXPECT_LE(cache->stats().entries, 50U);
  EXPECT_GE(cache->stats().entries, 40U);
}

TEST_F(CacheTest, AWeigherThatThrowsFailsTheLoad) {
  cache.emplace(
      CacheOptions(), [](const std::string&) -> Task<Result<int>> { co_return 1; },
      [](const std::string&, int) -> std::uint32_t { throw std::runtime_error("a bug"); });
  EXPECT_THAT(get("tea"), HasSubstr("INTERNAL"));
}

TEST_F(CacheTest, LoadsAheadOfTheEnd) {
  delay = 100ms;
  make({.ttl = 10s});
  EXPECT_EQ(get("tea"), "3");
  const TimePoint end = host.now() + 10s;
  while (host.now() < end && loads == 1) {
    EXPECT_EQ(get("tea"), "3");
    pass(1ms);
  }
  EXPECT_EQ(loads, 2);
  EXPECT_LT(host.now(), end);
  EXPECT_GT(host.now(), end - 2500ms) << "22 loads' time before the end is the earliest";
}

TEST_F(CacheTest, AValueThatWasErasedMeanwhileIsNotKept) {
  make({});
  EXPECT_EQ(get_while("tea", [&] { cache->erase("tea"); }), "3");
  prices["tea"] = 4;
  EXPECT_EQ(get("tea"), "4");
  EXPECT_EQ(cache->stats().voided, 1U);
  EXPECT_EQ(get_while("milk", [&] { cache->clear(); }), "1");
  EXPECT_EQ(cache->stats().entries, 0U);
}

TEST_F(CacheTest, ALoadDoesNotOverwriteWhatWasPutMeanwhile) {
  make({});
  EXPECT_EQ(get_while("gold", [&] { put("gold", 7); }), "NOT_FOUND: no such article");
  EXPECT_EQ(get("gold"), "7");
  EXPECT_EQ(loads, 1);
}

TEST_F(CacheTest, ALoadGoesOnWithoutTheCallerThatBeganIt) {
  make({});
  Context context;
  host.enter([&] {
    Task<std::string> task = told(&*cache, "tea");
    task.start(&context, {.function = [](void*) noexcept {}, .argument = nullptr});
    context.cancel(cancelled("gone"));
    const Task<std::string> dropped = std::move(task);
  });
  pass(1s);
  EXPECT_EQ(get("tea"), "3");
  EXPECT_EQ(loads, 1);
}

TEST_F(CacheTest, ALoadHasALimit) {
  delay = 1h;
  make({.load_timeout = 2s});
  const TimePoint begun = host.now();
  EXPECT_EQ(get("tea"), "DEADLINE_EXCEEDED: deadline exceeded after 2s");
  EXPECT_EQ(host.now() - begun, 2s);
}

TEST_F(CacheTest, RefusesLoadsBeyondTheirNumber) {
  make({.max_loads = 1});
  const std::string refused =
      "RESOURCE_EXHAUSTED: 1 loads of the cache are under way, which is "
      "CacheOptions::max_loads";
  EXPECT_EQ(get_while("tea",
                      [&] {
                        std::vector<std::string> other;
                        Task<Status> task = keep(&*cache, "milk", &other);
                        task.start(nullptr,
                                   {.function = [](void*) noexcept {}, .argument = nullptr});
                        EXPECT_THAT(other, ::testing::ElementsAre(refused));
                      }),
            "3");
  EXPECT_EQ(get("milk"), "1");
}

TEST_F(CacheTest, RefusesOptionsThatCannotBeFollowed) {
  make({.ttl = 0s});
  EXPECT_EQ(get("tea"), "INVALID_ARGUMENT: CacheOptions::ttl is 0s, and must be more than 0");
}

TEST_F(CacheTest, ALoaderThatThrowsFailsTheLoad) {
  cache.emplace(CacheOptions(),
                [](const std::string&) -> Task<Result<int>> { throw std::runtime_error("a bug"); });
  EXPECT_THAT(get("tea"), HasSubstr("INTERNAL"));
}

TEST_F(CacheTest, HoldsNoMoreThanItsWeight) {
  delay = 0ms;
  cache.emplace(
      CacheOptions{.max_weight = 100},
      [](const std::string& key) -> Task<Result<int>> { co_return std::stoi(key); },
      [](const std::string&, int price) { return static_cast<std::uint32_t>(price); });
  for (int i = 1; i <= 200; ++i) {
    EXPECT_EQ(get(std::to_string(i)), std::to_string(i));
    EXPECT_LE(cache->stats().weight, 100U);
  }
  EXPECT_GT(cache->stats().evicted, 100U);
}

TEST_F(CacheTest, AValueOutlivesItsEntryAndTheCache) {
  make({});
  EXPECT_EQ(get("tea"), "3");
  Prices::Pointer kept;
  host.enter([&] { kept = cache->peek("tea"); });
  cache.reset();
  EXPECT_EQ(*kept, 3);
}

TEST_F(CacheTest, ALocalCacheDoesTheSame) {
  LocalCache<int, int> squares(CacheOptions(), [](int n) -> Task<Result<int>> { co_return n* n; });
  const auto square = [&](int n) -> Task<int> { co_return **(co_await squares.get(n)); };
  EXPECT_EQ(weft::testing::run(host, square(7)), 49);
}

}  // namespace
}  // namespace weft
