#include "weft/telemetry/grpc/client_metrics.h"

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/telemetry/grpc/internal/test_world.h"

namespace weft::telemetry {
namespace {

using namespace std::chrono_literals;
using test::Echo;
using test::World;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kLabels =
    "{grpc_method=\"test.Kinds/Unary\",grpc_target=\"dns:///greeter:50051\"} ";

class ClientMetricsTest : public ::testing::Test {
 protected:
  ClientMetricsTest() { world_.in_process.add<Echo>(); }
  void set_up(ClientMetricsOptions options = {}) {
    options.registry = &registry_;
    metrics_ = client_metrics("greeter:50051", options);
    world_.in_process.channel().add(metrics_);
  }
  std::string text() { return test::text_of(registry_); }

  Registry registry_;
  std::shared_ptr<Observer> metrics_;
  World world_{World::Options{}};
};

TEST_F(ClientMetricsTest, CountsCallsAndAttemptsUnderTheStandardsNames) {
  set_up();
  EXPECT_TRUE(world_.call("ask").ok());
  EXPECT_FALSE(world_.call("fail").ok());
  const std::string all = text();
  EXPECT_THAT(all, HasSubstr("grpc_client_attempt_started_total{grpc_method=\"test.Kinds/Unary\","
                             "grpc_target=\"dns:///greeter:50051\"} 2\n"));
  for (const char* metric :
       {"grpc_client_attempt_duration_seconds", "grpc_client_call_duration_seconds",
        "grpc_client_attempt_sent_total_compressed_message_size_bytes",
        "grpc_client_attempt_rcvd_total_compressed_message_size_bytes"}) {
    EXPECT_THAT(all, HasSubstr(std::string(metric) +
                               "_count{grpc_method=\"test.Kinds/Unary\",grpc_target=\"dns:///"
                               "greeter:50051\",grpc_status=\"NOT_FOUND\"} 1\n"));
  }
  EXPECT_THAT(all, HasSubstr("grpc_client_attempt_sent_total_compressed_message_size_bytes_sum{"
                             "grpc_method=\"test.Kinds/Unary\",grpc_target=\"dns:///greeter:"
                             "50051\",grpc_status=\"OK\"} 5\n"));
  EXPECT_THAT(all, HasSubstr("weft_client_attempts_active{grpc_method=\"test.Kinds/Unary\",grpc_"
                             "target=\"dns:///greeter:50051\"} 0\n"));
  // By option only.
  EXPECT_THAT(all, Not(HasSubstr("grpc_subchannel")));
  EXPECT_THAT(all, Not(HasSubstr("retry_delay")));
}

/// Makes a second attempt 100 ms after the first.
Task<Status> once_more(Call& call, Next next) {
  static_cast<void>(co_await next(call));
  static_cast<void>(co_await net::sleep(100ms));
  static_cast<void>(call.requests().rewind());
  co_return co_await next(call);
}

TEST_F(ClientMetricsTest, RetriesAndTheirDelayAreCounted) {
  set_up({.retries = true});
  world_.in_process.channel().use(&once_more);
  EXPECT_FALSE(world_.call("busy").ok());
  const std::string all = text();
  EXPECT_THAT(all, HasSubstr("grpc_client_call_retries_sum" + kLabels + "1\n"));
  EXPECT_THAT(all, HasSubstr("grpc_client_call_hedges_sum" + kLabels + "0\n"));
  EXPECT_THAT(all, HasSubstr("grpc_client_call_transparent_retries_sum" + kLabels + "0\n"));
  EXPECT_THAT(all, HasSubstr("grpc_client_call_retry_delay_seconds_sum" + kLabels + "0.1\n"));
  EXPECT_THAT(all, HasSubstr("grpc_client_attempt_started_total" + kLabels + "2\n"));
}

TEST_F(ClientMetricsTest, HedgesAreNoRetries) {
  set_up({.retries = true});
  net::SimLoop& loop = world_.in_process.client_host();
  loop.enter([&] {
    Call call(Call::Side::Client, loop, test::kMethods[0].path, test::kMethods, nullptr);
    Call first(Call::Side::Client, loop, test::kMethods[0].path, test::kMethods, nullptr);
    Call second(Call::Side::Client, loop, test::kMethods[0].path, test::kMethods, nullptr);
    metrics_->on_begin(call);
    first.take_request_of(call);
    second.take_request_of(call);
    metrics_->on_attempt_begin(first);
    metrics_->on_attempt_begin(second);
    metrics_->on_attempt_end(second, ok_status(), {});
    metrics_->on_attempt_end(first, cancelled("the other won"), {});
    // Sent three times on connections: once more than there were attempts.
    metrics_->on_end(call, ok_status(), {.attempts = 3});
  });
  const std::string all = text();
  EXPECT_THAT(all, HasSubstr("grpc_client_call_hedges_sum" + kLabels + "1\n"));
  EXPECT_THAT(all, HasSubstr("grpc_client_call_retries_sum" + kLabels + "0\n"));
  EXPECT_THAT(all, HasSubstr("grpc_client_call_transparent_retries_sum" + kLabels + "1\n"));
}

TEST_F(ClientMetricsTest, ConnectionsAreCountedByOption) {
  set_up({.subchannels = true});
  EXPECT_TRUE(world_.call("ask").ok());
  const std::string target = "{grpc_target=\"dns:///greeter:50051\"} ";
  std::string all = text();
  EXPECT_THAT(all,
              HasSubstr("grpc_subchannel_connection_attempts_succeeded_total" + target + "1\n"));
  EXPECT_THAT(all, HasSubstr("grpc_subchannel_open_connections" + target + "1\n"));
  world_.in_process.drop_channel();
  world_.settle();
  all = text();
  EXPECT_THAT(all, HasSubstr("grpc_subchannel_open_connections" + target + "0\n"));
  EXPECT_THAT(all, HasSubstr("grpc_subchannel_disconnections_total{grpc_target=\"dns:///greeter:"
                             "50051\",grpc_disconnect_error=\"subchannel shutdown\"} 1\n"));
}

TEST_F(ClientMetricsTest, OpenTelemetrysLabelsNameTheTarget) {
  set_up({.names = CallNames::Both});
  EXPECT_TRUE(world_.call("ask").ok());
  const std::string all = text();
  EXPECT_THAT(all, HasSubstr("grpc_client_call_duration_seconds_count"));
  EXPECT_THAT(all, HasSubstr("rpc_client_call_duration_seconds_count{rpc_system_name=\"grpc\",rpc_"
                             "method=\"test.Kinds/Unary\",rpc_response_status_code=\"OK\",server_"
                             "address=\"greeter\",server_port=\"50051\"} 1\n"));
}

TEST_F(ClientMetricsTest, CoarseBucketsAreFewer) {
  set_up({.buckets = CallBuckets::Coarse, .own = false});
  EXPECT_TRUE(world_.call("ask").ok());
  const std::string all = text();
  EXPECT_THAT(all, HasSubstr("grpc_client_call_duration_seconds_bucket"));
  EXPECT_THAT(all, Not(HasSubstr("le=\"0.013\"")));
  EXPECT_THAT(all, Not(HasSubstr("weft_")));
}

TEST_F(ClientMetricsTest, ATargetMayBeReplaced) {
  set_up({.target = "other"});
  EXPECT_TRUE(world_.call("ask").ok());
  EXPECT_THAT(text(), HasSubstr("grpc_target=\"other\""));
}

TEST(CanonicalTarget, HasAScheme) {
  EXPECT_EQ(canonical_target("greeter:50051"), "dns:///greeter:50051");
  EXPECT_EQ(canonical_target("greeter"), "dns:///greeter");
  EXPECT_EQ(canonical_target("10.0.0.1:50051"), "dns:///10.0.0.1:50051");
  EXPECT_EQ(canonical_target("[::1]:50051"), "dns:///[::1]:50051");
  EXPECT_EQ(canonical_target("dns:///greeter:50051"), "dns:///greeter:50051");
  EXPECT_EQ(canonical_target("ipv4:10.0.0.1:50051"), "ipv4:10.0.0.1:50051");
  EXPECT_EQ(canonical_target("unix:/run/x.sock"), "unix:/run/x.sock");
  EXPECT_EQ(canonical_target("inproc:greeter"), "inproc:greeter");
  EXPECT_EQ(canonical_target("etcd://host:2379/s?password=x"), "etcd://host:2379/s");
}

}  // namespace
}  // namespace weft::telemetry
