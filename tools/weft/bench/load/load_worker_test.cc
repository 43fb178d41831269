// The load generator against a server in virtual time, where every latency is known.

#include "tools/weft/bench/load/load_worker.h"

#include <optional>
#include <string>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "weft/net/loop/loop.h"
#include "weft/rpc/server/handler.h"
#include "weft/testing/in_process.h"

#include "tools/weft/bench/test_schema.h"

namespace weft::cli::bench {
namespace {

using namespace std::chrono_literals;
using weft::testing::InProcess;

/// Answers each call after a time of its own: the calls' numbers decide.
class Kinds final : public ServiceDefinition {
 public:
  const ServiceDescriptor& descriptor() const noexcept override { return kDescriptor; }
  Task<Status> serve(std::size_t method, Call& call) override {
    switch (method) {
      case 0:
        return rpc::serve_unary<&Kinds::Unary>(call, *this);
      case 1:
        return rpc::serve_client_streaming(call, *this, &Kinds::Collect);
      case 2:
        return rpc::serve_server_streaming(call, *this, &Kinds::Expand);
      default:
        return rpc::serve_bidi_streaming(call, *this, &Kinds::Chat);
    }
  }

  Task<Result<Text>> Unary(ServerContext&, const Text& request) {
    const int call = calls++;
    ++under_way;
    most_under_way = std::max(most_under_way, under_way);
    const Duration time = call == slow_call ? slow : usual;
    if (time.count() != 0) static_cast<void>(co_await net::sleep(time));
    --under_way;
    if (call % 10 < failures_of_ten) co_return not_found("call " + std::to_string(call));
    co_return request;
  }
  Task<Result<Text>> Collect(ServerContext&, Reader<Text>& reader) {
    Text part;
    while (co_await reader.read(part)) ++messages;
    co_return part;
  }
  Task<Status> Expand(ServerContext&, const Text& request, Writer<Text>& writer) {
    for (int i = 0; i < 3; ++i) {
      const bool written = co_await writer.write(request);
      if (!written) co_return writer.status();
    }
    co_return ok_status();
  }
  Task<Status> Chat(ServerContext&, Reader<Text>& reader, Writer<Text>& writer) {
    Text part;
    while (co_await reader.read(part)) {
      ++messages;
      const bool written = co_await writer.write(part);
      if (!written) co_return writer.status();
    }
    co_return reader.status();
  }

  int calls = 0;
  int under_way = 0;
  int most_under_way = 0;
  int messages = 0;
  Duration usual{};
  int slow_call = -1;
  Duration slow{};
  int failures_of_ten = 0;
};

// A call of no time takes two milliseconds: one each way.
constexpr Duration kRoundTrip = 2ms;

class Worker : public ::testing::Test {
 protected:
  Worker() {
    kinds_ = &world_.add<Kinds>();
    world_.start();
    plan_.target = "server:" + std::to_string(InProcess::kPort);
    plan_.channel.max_connections = 1;
  }

  Measurement run(const std::string& method, const std::vector<std::string>& data = {}) {
    const Schema schema = test_schema();
    const Result<CallMix> mix =
        CallMix::create(schema, shares({"test.Kinds/" + method}), data_flags(data));
    EXPECT_TRUE(mix.ok()) << mix.status().to_string();
    world_.client_host().enter([&] { worker_.emplace(world_.client_host(), *mix, plan_); });
    Measurement measured(1);
    const Status connected = world_.run(worker_->connect());
    EXPECT_TRUE(connected.ok()) << connected.to_string();
    began_ = world_.now() + 1ms;
    world_.run(drive(*worker_, began_, interrupt_after_));
    measured = worker_->take_measurement();
    intervals_ = worker_->intervals().take();
    world_.client_host().enter([&] { worker_.reset(); });
    return measured;
  }

  static Task<> drive(LoadWorker& worker, TimePoint start, Duration interrupt_after) {
    Scope scope(nullptr);
    if (interrupt_after != kForever) scope.spawn(interrupt(worker, start + interrupt_after));
    co_await worker.run(start);
    co_await scope.join();
  }
  static Task<> interrupt(LoadWorker& worker, TimePoint when) {
    static_cast<void>(co_await net::sleep_until(when));
    worker.interrupt();
  }

  InProcess world_{{.link = {.latency = 1ms, .jitter = 0ns}}};
  Kinds* kinds_ = nullptr;
  LoadPlan plan_;
  Duration interrupt_after_ = kForever;
  std::optional<LoadWorker> worker_;
  TimePoint began_;
  std::vector<IntervalQueue::Item> intervals_;
};

std::uint64_t ok_count(const Measurement& measured) { return measured.methods[0].ok.count(); }

/// Latencies are rounded up by less than a hundredth.
void expect_near(Duration actual, Duration expected) {
  EXPECT_GE(actual, expected);
  EXPECT_LE(actual.count(), expected.count() * 101 / 100);
}

TEST_F(Worker, MakesAsManyCallsAsItIsTold) {
  plan_.calls = 10;
  const Measurement measured = run("Unary");
  EXPECT_EQ(ok_count(measured), 10U);
  EXPECT_EQ(kinds_->calls, 10);
  EXPECT_EQ(measured.window, 10 * kRoundTrip);
  EXPECT_DOUBLE_EQ(measured.rate(), 500);
  EXPECT_EQ(measured.methods[0].ok.min(), kRoundTrip);
  EXPECT_EQ(measured.methods[0].ok.max(), kRoundTrip);
}

TEST_F(Worker, KeepsConnectionsTimesStreamsUnderWay) {
  plan_.connections = 3;
  plan_.streams = 4;
  plan_.calls = 120;
  kinds_->usual = 8ms;
  const Measurement measured = run("Unary");
  EXPECT_EQ(kinds_->most_under_way, 12);
  EXPECT_EQ(ok_count(measured), 120U);
  EXPECT_EQ(measured.window, 10 * (kRoundTrip + 8ms));
}

TEST_F(Worker, EndsInTimeAndCountsCallsUnderWay) {
  plan_.duration = 99ms;
  const Measurement measured = run("Unary");
  EXPECT_EQ(ok_count(measured), 50U);
  EXPECT_EQ(measured.within, 49U);
  EXPECT_EQ(measured.window, 99ms);
}

TEST_F(Worker, DoesNotMeasureTheWarmUp) {
  plan_.warmup = 50ms;
  plan_.calls = 10;
  kinds_->slow_call = 3;
  kinds_->slow = 20ms;
  const Measurement measured = run("Unary");
  EXPECT_EQ(ok_count(measured), 10U);
  EXPECT_GT(kinds_->calls, 20);
  EXPECT_EQ(measured.methods[0].ok.max(), kRoundTrip);
}

TEST_F(Worker, AClosedLoopCountsASlowCallOnce) {
  plan_.duration = 1s;
  kinds_->slow_call = 100;
  kinds_->slow = 500ms;
  const Measurement measured = run("Unary");
  expect_near(measured.methods[0].ok.percentile(99), kRoundTrip);
  EXPECT_EQ(measured.methods[0].ok.max(), kRoundTrip + 500ms);
}

TEST_F(Worker, AnOpenLoopChargesWaitingToEachCall) {
  plan_.duration = 1s;
  plan_.rate = 100;
  plan_.max_backlog = 1000;
  kinds_->slow_call = 20;  // due at 200 ms, done at 702 ms
  kinds_->slow = 500ms;
  const Measurement measured = run("Unary");
  const Histogram& latency = measured.methods[0].ok;
  EXPECT_EQ(latency.count(), 100U);
  EXPECT_EQ(latency.min(), kRoundTrip);
  EXPECT_EQ(latency.max(), 502ms);
  // Fifty calls were due meanwhile, one every 10 ms; each is made 2 ms after the one before it.
  EXPECT_EQ(measured.largest_backlog, 50U);
  expect_near(latency.percentile(99), 494ms);
  expect_near(latency.percentile(98), 486ms);
  EXPECT_GT(latency.percentile(50), 50ms);
  EXPECT_EQ(measured.dropped, 0U);
}

TEST_F(Worker, InAnOpenLoopCallsBeginWhenTheyAreDue) {
  plan_.calls = 20;
  plan_.rate = 1000;
  plan_.streams = 10;
  plan_.max_backlog = 1000;
  const Measurement measured = run("Unary");
  EXPECT_EQ(measured.methods[0].ok.max(), kRoundTrip);
  EXPECT_EQ(measured.window, 19ms + kRoundTrip);
  EXPECT_EQ(kinds_->most_under_way <= 2, true);
}

TEST_F(Worker, DropsCallsBeyondTheBacklogAndReportsThem) {
  plan_.duration = 1s;
  plan_.rate = 1000;
  plan_.max_backlog = 100;
  kinds_->usual = 8ms;  // 100 calls per second
  const Measurement measured = run("Unary");
  EXPECT_EQ(measured.largest_backlog, 100U);
  EXPECT_NEAR(static_cast<double>(measured.not_begun), 100, 1);
  EXPECT_EQ(ok_count(measured) + measured.dropped + measured.not_begun, 1000U);
  // Who waits behind a hundred others waits for a tenth of a second.
  EXPECT_NEAR(static_cast<double>(measured.methods[0].ok.max().count()), 110e6, 2e6);
}

TEST_F(Worker, CountsFailuresByCodeAndKeepsTheFirstMessage) {
  plan_.calls = 100;
  kinds_->failures_of_ten = 3;
  const Measurement measured = run("Unary");
  const MethodStats& stats = measured.methods[0];
  const auto code = static_cast<std::size_t>(StatusCode::NotFound);
  EXPECT_EQ(stats.codes[code], 30U);
  EXPECT_EQ(stats.samples[code], "call 0");
  EXPECT_EQ(stats.codes[0], 70U);
  EXPECT_EQ(stats.ok.count(), 70U);
  EXPECT_EQ(stats.failed.count(), 30U);
  EXPECT_EQ(stats.calls(), 100U);
}

TEST_F(Worker, GivesEachCallItsDeadline) {
  plan_.calls = 5;
  plan_.call.timeout = 50ms;
  kinds_->slow_call = 2;
  kinds_->slow = 10s;
  const Measurement measured = run("Unary");
  const auto code = static_cast<std::size_t>(StatusCode::DeadlineExceeded);
  EXPECT_EQ(measured.methods[0].codes[code], 1U);
  EXPECT_EQ(measured.methods[0].ok.count(), 4U);
}

TEST_F(Worker, CancelsWhatIsUnderWayWhenItIsInterrupted) {
  plan_.streams = 3;
  kinds_->usual = 20ms;
  interrupt_after_ = 95ms;
  const Measurement measured = run("Unary");
  EXPECT_EQ(ok_count(measured), 12U);
  EXPECT_EQ(measured.unfinished, 3U);
  EXPECT_EQ(measured.window, 95ms);
}

TEST_F(Worker, AnIdleOpenLoopEndsWhenInterrupted) {
  plan_.rate = 1;
  plan_.streams = 3;
  plan_.max_backlog = 10;
  interrupt_after_ = 2500ms;
  const Measurement measured = run("Unary");
  EXPECT_EQ(ok_count(measured), 3U);
  EXPECT_EQ(measured.unfinished, 0U);
}

TEST_F(Worker, CutsOffCallsThatOutlastTheRunBySeconds) {
  plan_.duration = 100ms;
  kinds_->slow_call = 5;
  kinds_->slow = 10h;
  const Measurement measured = run("Unary");
  EXPECT_EQ(ok_count(measured), 5U);
  EXPECT_EQ(measured.unfinished, 1U);
  EXPECT_EQ(measured.window, 100ms);
}

TEST_F(Worker, DividesItsTimeIntoIntervals) {
  plan_.duration = 1s;
  plan_.interval = 100ms;
  run("Unary");
  ASSERT_EQ(intervals_.size(), 10U);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < intervals_.size(); ++i) {
    EXPECT_EQ(intervals_[i].at, i * 100ms);
    Histogram latency;
    latency.add(intervals_[i].interval.ok);
    EXPECT_NEAR(static_cast<double>(latency.count()), 50, 1);
    sum += latency.count();
  }
  EXPECT_NEAR(static_cast<double>(sum), 500, 1);
}

TEST_F(Worker, CountsTheBytesOfMessages) {
  plan_.calls = 4;
  const Measurement measured = run("Unary", {R"({"value":"{{fill:10}}"})"});
  EXPECT_EQ(measured.methods[0].bytes_sent, 4U * 12);
  EXPECT_EQ(measured.methods[0].bytes_received, 4U * 12);
}

TEST_F(Worker, MakesWholeCallsOfMethodsThatStream) {
  plan_.calls = 6;
  EXPECT_EQ(ok_count(run("Collect", {R"({"value":"a"}{"value":"b"})"})), 6U);
  EXPECT_EQ(kinds_->messages, 12);
  EXPECT_EQ(ok_count(run("Expand", {R"({"value":"a"})"})), 6U);
  EXPECT_EQ(ok_count(run("Chat", {R"({"value":"a"}{"value":"b"})"})), 6U);
  EXPECT_EQ(kinds_->messages, 24);
}

TEST_F(Worker, PlaysPingPongOnStreams) {
  plan_.message_streams = true;
  plan_.streams = 2;
  plan_.calls = 20;
  const Measurement measured = run("Chat", {R"({"value":"a"})"});
  EXPECT_EQ(ok_count(measured), 20U);
  EXPECT_EQ(kinds_->messages, 20);
  EXPECT_EQ(measured.methods[0].ok.max(), kRoundTrip);
  EXPECT_EQ(measured.window, 10 * kRoundTrip);
}

TEST_F(Worker, CountsEachMessageOfServerStreams) {
  plan_.message_streams = true;
  plan_.calls = 7;
  const Measurement measured = run("Expand", {R"({"value":"a"})"});
  EXPECT_EQ(ok_count(measured), 7U);
  EXPECT_EQ(measured.methods[0].failed.count(), 0U);
}

TEST_F(Worker, CountsTheMessagesThatAClientsStreamTakes) {
  plan_.message_streams = true;
  plan_.calls = 1000;
  EXPECT_EQ(ok_count(run("Collect", {R"({"value":"a"})"})), 1000U);
  EXPECT_EQ(kinds_->messages, 1000);
}

TEST_F(Worker, DrawsTheVariablesOfEachCallAnew) {
  plan_.calls = 3;
  plan_.index = 1;
  plan_.threads = 4;
  // "1", "5", "9": what this thread's calls are numbered.
  const Measurement measured = run("Unary", {R"({"value":"{{n}}{{n}}{{n}}"})"});
  EXPECT_EQ(measured.methods[0].bytes_sent, 3U * 5);
}

}  // namespace
}  // namespace weft::cli::bench
