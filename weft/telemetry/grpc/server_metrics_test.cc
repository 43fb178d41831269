#include "weft/telemetry/grpc/server_metrics.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/telemetry/grpc/internal/test_world.h"
#include "weft/telemetry/prometheus/text_writer.h"

namespace weft::telemetry {
namespace {

using namespace std::chrono_literals;
using test::Echo;
using test::World;
using ::testing::HasSubstr;
using ::testing::Not;

/// A server whose calls take 20 ms, with metrics.
class ServerMetricsTest : public ::testing::Test {
 protected:
  void set_up(ServerMetricsOptions options = {}, ServerOptions server = {}) {
    options.registry = &registry_;
    world_ = std::make_unique<World>(World::Options{.server = std::move(server)});
    metrics_ = server_metrics(options);
    world_->in_process.server().add(metrics_);
    world_->in_process.add<Echo>();
  }
  std::string text() { return test::text_of(registry_); }

  Registry registry_;
  std::shared_ptr<Observer> metrics_;
  std::unique_ptr<World> world_;
};

TEST_F(ServerMetricsTest, CountsCallsUnderTheStandardsNames) {
  set_up();
  EXPECT_TRUE(world_->call("ask").ok());
  EXPECT_EQ(world_->call("fail").code(), StatusCode::NotFound);
  world_->settle();
  const std::string all = text();
  EXPECT_THAT(all,
              HasSubstr("grpc_server_call_started_total{grpc_method=\"test.Kinds/Unary\"} 2\n"));
  EXPECT_THAT(all, HasSubstr("grpc_server_call_duration_seconds_bucket{grpc_method=\"test.Kinds/"
                             "Unary\",grpc_status=\"OK\",le=\"0.02\"} 1\n"));
  EXPECT_THAT(all, HasSubstr("grpc_server_call_duration_seconds_bucket{grpc_method=\"test.Kinds/"
                             "Unary\",grpc_status=\"OK\",le=\"0.016\"} 0\n"));
  EXPECT_THAT(all, HasSubstr("grpc_server_call_duration_seconds_count{grpc_method=\"test.Kinds/"
                             "Unary\",grpc_status=\"NOT_FOUND\"} 1\n"));
  // Without gRPC's five bytes: a tag, a length, "ask".
  EXPECT_THAT(all, HasSubstr("grpc_server_call_rcvd_total_compressed_message_size_bytes_sum{grpc_"
                             "method=\"test.Kinds/Unary\",grpc_status=\"OK\"} 5\n"));
  EXPECT_THAT(all, HasSubstr("grpc_server_call_sent_total_compressed_message_size_bytes_sum{grpc_"
                             "method=\"test.Kinds/Unary\",grpc_status=\"NOT_FOUND\"} 0\n"));
  // Registered methods are there before their first call.
  EXPECT_THAT(all,
              HasSubstr("grpc_server_call_started_total{grpc_method=\"test.Kinds/Chat\"} 0\n"));
}

TEST_F(ServerMetricsTest, MethodsThatNobodyRegisteredAreOther) {
  set_up();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(world_->call_unknown("/evil.Service/M" + std::to_string(i)).code(),
              StatusCode::Unimplemented);
  }
  world_->settle();
  const std::string all = text();
  EXPECT_THAT(all, Not(HasSubstr("evil")));
  EXPECT_THAT(all, HasSubstr("grpc_server_call_started_total{grpc_method=\"other\"} 3\n"));
  EXPECT_THAT(all, HasSubstr("grpc_server_call_duration_seconds_count{grpc_method=\"other\",grpc_"
                             "status=\"UNIMPLEMENTED\"} 3\n"));
  EXPECT_THAT(
      all,
      HasSubstr("weft_server_refusals_total{weft_cause=\"method\",grpc_method=\"other\"} 3\n"));
}

TEST_F(ServerMetricsTest, CallsRefusedBeforeTheirHandlerCount) {
  set_up({}, {.max_calls = 1});
  world_->call_twice("ask");
  world_->settle();
  const std::string all = text();
  EXPECT_THAT(all,
              HasSubstr("grpc_server_call_started_total{grpc_method=\"test.Kinds/Unary\"} 2\n"));
  EXPECT_THAT(all, HasSubstr("grpc_server_call_duration_seconds_count{grpc_method=\"test.Kinds/"
                             "Unary\",grpc_status=\"RESOURCE_EXHAUSTED\"} 1\n"));
  EXPECT_THAT(all, HasSubstr("weft_server_refusals_total{weft_cause=\"limit\",grpc_method=\"test."
                             "Kinds/Unary\"} 1\n"));
}

TEST_F(ServerMetricsTest, CallsUnderWayAreShown) {
  set_up();
  const auto shown = [&] {
    const std::string all = text();
    const std::string line = "weft_server_calls_active{grpc_method=\"test.Kinds/Unary\"} ";
    const std::size_t at = all.find(line);
    return at == std::string::npos ? std::string() : all.substr(at + line.size(), 1);
  };
  EXPECT_TRUE(world_->call("ask").ok());
  world_->settle();
  EXPECT_EQ(shown(), "0");
  std::string during;
  world_->call_and("ask", 10ms, [&] { during = shown(); });
  EXPECT_EQ(during, "1");
}

TEST_F(ServerMetricsTest, OpenTelemetrysNamesStandInsteadOrBeside) {
  set_up({.names = CallNames::OpenTelemetry});
  EXPECT_EQ(world_->call("fail").code(), StatusCode::NotFound);
  EXPECT_TRUE(world_->call("ask").ok());
  EXPECT_FALSE(world_->call_unknown("/no.Service/M").ok());
  world_->settle();
  const std::string all = text();
  EXPECT_THAT(all, Not(HasSubstr("grpc_server_call")));
  EXPECT_THAT(all, HasSubstr("rpc_server_call_duration_seconds_count{rpc_system_name=\"grpc\",rpc_"
                             "method=\"test.Kinds/Unary\",rpc_response_status_code=\"NOT_FOUND\","
                             "error_type=\"NOT_FOUND\"} 1\n"));
  EXPECT_THAT(all, HasSubstr("rpc_server_call_duration_seconds_count{rpc_system_name=\"grpc\",rpc_"
                             "method=\"test.Kinds/Unary\",rpc_response_status_code=\"OK\"} 1\n"));
  EXPECT_THAT(all, HasSubstr("rpc_method=\"_OTHER\""));
  EXPECT_THAT(all, HasSubstr("weft_server_calls_active{grpc_method=\"test.Kinds/Unary\"} 0\n"));
}

TEST_F(ServerMetricsTest, ConnectionsMemoryAndLoopsAreShown) {
  set_up();
  EXPECT_TRUE(world_->call("ask").ok());
  world_->in_process.run_for(10s);
  const std::string all = text();
  EXPECT_THAT(all, HasSubstr("weft_server_connections 1\n"));
  EXPECT_THAT(all, HasSubstr("weft_server_connections_opened_total 1\n"));
  EXPECT_THAT(all, HasSubstr("weft_server_connections_closed_total{weft_by=\"peer\"} 0\n"));
  EXPECT_THAT(all, HasSubstr("weft_server_memory_limit_bytes 1073741824\n"));
  EXPECT_THAT(all, HasSubstr("weft_loop_lag_seconds_bucket{weft_loop=\"0\",le=\"0.0\"} 10\n"));
  EXPECT_THAT(
      all, HasSubstr("weft_server_call_wait_seconds_count{grpc_method=\"test.Kinds/Unary\"} 1\n"));
}

TEST_F(ServerMetricsTest, SeveralServersAreAddedUp) {
  set_up();
  const std::shared_ptr<Observer> second = server_metrics({.registry = &registry_});
  second->on_start({.services = {}, .loops = {}, .figures = std::make_shared<test::Figures>()});
  EXPECT_TRUE(world_->call("ask").ok());
  EXPECT_THAT(text(), HasSubstr("weft_server_connections 8\n"));
}

TEST_F(ServerMetricsTest, PoliciesAreCountedByEvent) {
  set_up();
  for (int i = 0; i < 3; ++i)
    tell(metrics_.get(), {.policy = "breaker", .event = "opened", .path = {}});
  tell(metrics_.get(), {.policy = "shed", .event = "deadline", .path = {}});
  EXPECT_THAT(
      text(),
      HasSubstr("weft_policy_events_total{weft_policy=\"breaker\",weft_event=\"opened\"} 3\n"));
  EXPECT_THAT(
      text(),
      HasSubstr("weft_policy_events_total{weft_policy=\"shed\",weft_event=\"deadline\"} 1\n"));
}

TEST_F(ServerMetricsTest, ATakenNameIsSaidAndDoesNoHarm) {
  ASSERT_TRUE(registry_.gauge({.name = "grpc.server.call.started"}).ok());
  set_up();
  EXPECT_TRUE(world_->call("ask").ok());
  world_->settle();
  EXPECT_THAT(text(), HasSubstr("grpc_server_call_duration_seconds_count"));
}

TEST_F(ServerMetricsTest, SampledCallsLeaveExemplars) {
  set_up();
  EXPECT_TRUE(world_->call_sampled("ask").ok());
  world_->settle();
  const std::string all = test::text_of(registry_, TextFormat::OpenMetrics);
  EXPECT_THAT(all, HasSubstr("# {trace_id=\"07070707070707070707070707070707\",span_id=\""));
}

}  // namespace
}  // namespace weft::telemetry
