#include "weft/telemetry/otlp/log_exporter.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/telemetry/otlp/internal/test_exporter.h"

namespace weft::telemetry {
namespace {

using namespace std::chrono_literals;
using test::By;
using test::ExporterTest;
using test::FakeCollector;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LogExport : public ExporterTest<LogExporter, internal::LogQueue> {
 protected:
  LogExport()
      : ExporterTest(OtlpSignal::Logs, "/v1/logs", internal::LogQueue::Limits{.lines = 10}) {
    options.interval = 1s;
  }
  void write(std::string_view message) {
    queue.take({.level = LogLevel::Info, .message = message});
  }
  std::vector<std::string> bodies() const {
    std::vector<std::string> all;
    for (const auto& request : collector->logs()) {
      for (const auto& one : request.resource_logs(0).scope_logs(0).log_records()) {
        all.push_back(one.body().string_value());
      }
    }
    return all;
  }

  internal::LogQueue& queue = source;
};

TEST_P(LogExport, SendsLinesAtEachInterval) {
  start();
  write("first");
  write("second");
  world.run_for(2s);
  EXPECT_THAT(bodies(), ElementsAre("first", "second"));
  EXPECT_THAT(collector->logs(), SizeIs(1));
  const auto& resource = collector->logs()[0].resource_logs(0).resource();
  EXPECT_EQ(resource.attributes(0).value().string_value(), "shop");
  EXPECT_EQ(exporter->stats().exported, 2U);
}

TEST_P(LogExport, SendsNothingWhereNothingIsLogged) {
  start();
  world.run_for(60s);
  EXPECT_THAT(collector->logs(), IsEmpty());
}

TEST_P(LogExport, SplitsByNumber) {
  options.batch_items = 4;
  start();
  for (int i = 0; i < 10; ++i) write("x");
  world.run_for(2s);
  EXPECT_THAT(collector->logs(), SizeIs(3));
  EXPECT_THAT(bodies(), SizeIs(10));
}

TEST_P(LogExport, CountsWhatTheQueueCannotHoldWhileTheCollectorIsAway) {
  collector->answer({.http = 503, .grpc = unavailable("busy")});
  start();
  write("first");
  world.run_for(1100ms);
  for (int i = 0; i < 15; ++i) write("x");
  world.run_for(10s);
  EXPECT_EQ(exporter->stats().dropped, 5U);
  EXPECT_EQ(exporter->stats().exported, 11U);
}

TEST_P(LogExport, SendsTheRestWhenItStops) {
  start();
  write("last");
  world.client_host().enter([&] { exporter->stop(); });
  world.run_for(100ms);
  EXPECT_TRUE(ended);
  EXPECT_THAT(bodies(), ElementsAre("last"));
}

TEST_P(LogExport, CountsWhatIsLeftWhenItIsCancelled) {
  collector->answer({.hangs = true});
  start();
  write("first");
  world.run_for(1100ms);
  write("second");
  world.client_host().enter([&] { context.cancel(cancelled("the program ends")); });
  world.run_for(10ms);
  EXPECT_TRUE(ended);
  EXPECT_EQ(exporter->stats().given_up, 2U);
}

INSTANTIATE_TEST_SUITE_P(Otlp, LogExport, ::testing::Values(By::Http, By::Grpc), &test::name_of);

}  // namespace
}  // namespace weft::telemetry
