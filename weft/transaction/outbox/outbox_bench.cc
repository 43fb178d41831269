#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <google/protobuf/wrappers.pb.h>

#include "weft/coro/scope.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/storage/sqlite/database.h"
#include "weft/testing/folder.h"
#include "weft/testing/run.h"
#include "weft/transaction/outbox/outbox.h"

namespace weft::transaction {
namespace {

using Text = google::protobuf::StringValue;

class TimingSink final : public events::EventSink {
 public:
  Task<Status> publish(const events::Event&) override {
    published.push_back(net::Loop::current()->now());
    return ok_status();
  }
  std::vector<TimePoint> published;
};

Task<Result<Text>> pay(OnceTransaction& tx, const Text& request, Outbox outbox) {
  events::Event event;
  event.type = "shop.Paid";
  event.data = Bytes::copy_of(request.value());
  Status emitted = co_await outbox.emit(tx, std::move(event));
  if (!emitted.ok()) co_return emitted;
  co_return request;
}

/// Commits `count` events, each a while after the one before, and gives the times of the commits.
Task<std::vector<TimePoint>> commit(sqlite::Database db, TimingSink& sink, int count) {
  net::Loop& loop = *net::Loop::current();
  const Barrier barrier = *co_await Barrier::open(db);
  const Outbox outbox = *co_await Outbox::open(db, "bench");
  Scope scope(nullptr);
  scope.spawn(outbox.relay(sink));
  std::vector<TimePoint> committed;
  for (int i = 0; i < count; ++i) {
    Call call(Call::Side::Server, loop, "/shop.Shop/Pay", nullptr, nullptr);
    call.request_metadata().add("idempotency-key", std::to_string(i));
    ServerContext context(call);
    Text request;
    request.set_value("paid");
    const Result<Text> reply = co_await barrier.once(context, request, pay, outbox);
    committed.push_back(loop.now());
    if (!reply.ok()) break;
    static_cast<void>(co_await net::sleep(std::chrono::milliseconds(50)));
  }
  scope.cancel(cancelled("the benchmark has ended"));
  co_await scope.join();
  co_return committed;
}

/// From a commit to the sink of a relay that was idle, in a file on a real disk.
void BM_CommitToPublished(benchmark::State& state) {
  for (auto _ : state) {
    const testing::Folder folder;
    net::AsioLoop loop;
    TimingSink sink;
    const sqlite::Database db = *testing::run(loop, sqlite::open(folder.file("data.db")));
    const std::vector<TimePoint> committed = testing::run(loop, commit(db, sink, 100));
    std::vector<double> waits;
    for (std::size_t i = 0; i < std::min(committed.size(), sink.published.size()); ++i) {
      waits.push_back(
          std::chrono::duration<double, std::milli>(sink.published[i] - committed[i]).count());
    }
    std::ranges::sort(waits);
    state.counters["events"] = static_cast<double>(waits.size());
    if (waits.empty()) continue;
    state.counters["median_ms"] = waits[waits.size() / 2];
    state.counters["p99_ms"] = waits[waits.size() * 99 / 100];
  }
}
BENCHMARK(BM_CommitToPublished)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weft::transaction
