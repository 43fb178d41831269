#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "weft/coro/scope.h"
#include "weft/messaging/log/internal/disk.h"
#include "weft/messaging/log/log_broker.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"

namespace weft::messaging {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kData = 200;  // bytes of an event's data

CloudEvent event_of(std::uint64_t number) {
  CloudEvent event;
  event.source = "shop/orders";
  event.id = std::to_string(number);
  event.type = "shop.OrderPaid";
  event.key = "customer " + std::to_string(number % 1000);
  event.data = Bytes::copy_of(std::string(kData, 'x'));
  return event;
}

double microseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::shared_ptr<Broker> open_in(const testing::Folder& folder) {
  LogOptions options;
  options.folder = folder.file("log");
  return *open_log(options);
}

/// What the disk takes by itself: a small record appended and synced, as for one event.
void BM_Sync(benchmark::State& state) {
  const testing::Folder folder;
  const std::unique_ptr<stored::Disk> disk = stored::system_disk();
  const std::unique_ptr<stored::File> file =
      *disk->open(folder.file("file"), stored::Disk::Open::Emptied);
  const std::string record(kData + 100, 'x');
  std::uint64_t at = 0;
  std::vector<double> took;
  for (auto _ : state) {
    const Clock::time_point begun = Clock::now();
    if (!file->write(at, record).ok() || !file->sync().ok()) state.SkipWithError("no sync");
    took.push_back(microseconds(Clock::now() - begun));
    at += record.size();
  }
  state.counters["p50_us"] = median(took);
}
BENCHMARK(BM_Sync)->Iterations(1000)->Unit(benchmark::kMicrosecond);

Task<> publish_batches(Broker& log, std::uint64_t batches, std::uint64_t size, bool* failed) {
  std::vector<CloudEvent> events;
  for (std::uint64_t i = 0; i < size; ++i) events.push_back(event_of(i));
  for (std::uint64_t i = 0; i < batches; ++i) {
    const Status stored = co_await log.publish("orders", events);
    if (!stored.ok()) *failed = true;
  }
}

Task<> publish_by_many(Broker& log, std::uint64_t publishers, std::uint64_t batches,
                       std::uint64_t size, bool* failed) {
  Scope scope(nullptr);
  for (std::uint64_t i = 0; i < publishers; ++i) {
    scope.spawn(publish_batches(log, batches, size, failed));
  }
  co_await scope.join();
}

/// Events a second that are acknowledged: publishers beside each other, each with batches.
void BM_Publish(benchmark::State& state) {
  const auto publishers = static_cast<std::uint64_t>(state.range(0));
  const auto size = static_cast<std::uint64_t>(state.range(1));
  const std::uint64_t batches = std::max<std::uint64_t>(1, 400'000 / (publishers * size));
  std::int64_t events = 0;
  bool failed = false;
  for (auto _ : state) {
    const testing::Folder folder;
    net::AsioLoop loop;
    const std::shared_ptr<Broker> log = open_in(folder);
    const Clock::time_point begun = Clock::now();
    testing::run(loop, publish_by_many(*log, publishers, batches, size, &failed),
                 std::chrono::minutes(5));
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begun).count());
    events += static_cast<std::int64_t>(publishers * batches * size);
  }
  if (failed) state.SkipWithError("an event was not stored");
  state.SetItemsProcessed(events);
}
BENCHMARK(BM_Publish)
    ->Args({1, 100})
    ->Args({16, 100})
    ->Args({1000, 1})
    ->Iterations(3)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

struct Arrivals {
  std::vector<Clock::time_point> published;
  std::vector<double> waits;
};

Task<> receive(Broker& log, std::size_t count, Arrivals* arrivals) {
  SubscriptionOptions options;
  options.topic = "orders";
  options.group = "bench";
  const std::unique_ptr<Subscription> place = *co_await log.subscribe(std::move(options));
  while (arrivals->waits.size() < count) {
    const Result<std::vector<Delivery>> batch = co_await place->next(100);
    for (const Delivery& delivery : *batch) {
      arrivals->waits.push_back(
          microseconds(Clock::now() - arrivals->published[delivery.position]));
      place->acknowledge(delivery.position);
    }
  }
  static_cast<void>(co_await place->close());
}

Task<> publish_and_receive(Broker& log, std::size_t count, Arrivals* arrivals) {
  Scope scope(nullptr);
  scope.spawn(receive(log, count, arrivals));
  for (std::size_t i = 0; i < count; ++i) {
    const CloudEvent event = event_of(i);
    const std::span<const CloudEvent> one(&event, 1);
    arrivals->published.push_back(Clock::now());
    static_cast<void>(co_await log.publish("orders", one));
    static_cast<void>(co_await net::sleep(std::chrono::milliseconds(1)));
  }
  co_await scope.join();
}

/// From publish() to the group that waits, of an event at a time: beside BM_Sync, what is added.
void BM_PublishToGroup(benchmark::State& state) {
  for (auto _ : state) {
    const testing::Folder folder;
    net::AsioLoop loop;
    const std::shared_ptr<Broker> log = open_in(folder);
    Arrivals arrivals;
    testing::run(loop, publish_and_receive(*log, 1000, &arrivals), std::chrono::minutes(1));
    state.counters["p50_us"] = median(arrivals.waits);
  }
}
BENCHMARK(BM_PublishToGroup)->Iterations(1)->Unit(benchmark::kMillisecond);

/// Events a second that a group reads, all of them there before.
void BM_Read(benchmark::State& state) {
  constexpr std::uint64_t kEvents = 200'000;
  const testing::Folder folder;
  net::AsioLoop loop;
  const std::shared_ptr<Broker> log = open_in(folder);
  bool failed = false;
  testing::run(loop, publish_by_many(*log, 1, kEvents / 1000, 1000, &failed));
  int group = 0;
  for (auto _ : state) {
    SubscriptionOptions options;
    options.topic = "orders";
    options.group = "bench" + std::to_string(group++);
    const std::unique_ptr<Subscription> place = *testing::run(loop, log->subscribe(options));
    const Clock::time_point begun = Clock::now();
    std::uint64_t got = 0;
    while (got < kEvents) got += testing::run(loop, place->next(1000))->size();
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begun).count());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kEvents));
}
BENCHMARK(BM_Read)->Iterations(3)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weft::messaging
