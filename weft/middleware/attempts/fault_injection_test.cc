#include "weft/middleware/attempts/fault_injection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/middleware/internal/policy_fixture.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class FaultInjectionTest : public middleware::PolicyTest {
 protected:
  FaultInjectionTest() { options_.observer = &events_; }
  /// What a call with this metadata takes.
  Duration time_of(std::vector<std::pair<std::string, std::string>> metadata = {}) {
    const TimePoint begun = loop_.now();
    const Handle call = start([&](Call& c) {
      for (const auto& [name, value] : metadata) c.request_metadata().add(name, value);
    });
    finish(*call);
    last_ = call->status;
    return call->ended - begun;
  }
  FaultInjectionOptions options_;
  Status last_;
};

TEST_F(FaultInjectionTest, DelaysAShareOfTheCalls) {
  options_.delay_share = 0.2;
  options_.delay = 300ms;
  use(fault_injection(options_));
  int delayed = 0;
  for (int i = 0; i < 1000; ++i) delayed += time_of() == 300ms ? 1 : 0;
  EXPECT_NEAR(delayed, 200, 50);
  EXPECT_EQ(service_.calls, 1000);
  EXPECT_EQ(events_.count("fault.delay"), delayed);
}

TEST_F(FaultInjectionTest, AbortsAShareOfTheCalls) {
  options_.abort_share = 0.3;
  options_.abort_code = StatusCode::DataLoss;
  use(fault_injection(options_));
  int aborted = 0;
  for (int i = 0; i < 1000; ++i) aborted += serve().code() == StatusCode::DataLoss ? 1 : 0;
  EXPECT_NEAR(aborted, 300, 60);
  EXPECT_EQ(service_.calls, 1000 - aborted);
}

TEST_F(FaultInjectionTest, ADelayedCallMayBeAbortedAfterIt) {
  options_.delay_share = 1;
  options_.delay = 300ms;
  options_.abort_share = 1;
  use(fault_injection(options_));
  EXPECT_EQ(time_of(), 300ms);
  EXPECT_EQ(last_, unavailable("injected fault"));
  EXPECT_EQ(service_.calls, 0);
}

TEST_F(FaultInjectionTest, ADelayKeepsToTheCallsDeadline) {
  options_.delay_share = 1;
  options_.delay = 300ms;
  use(fault_injection(options_));
  EXPECT_EQ(serve([](Call& call) { call.limit_timeout(100ms); }).code(),
            StatusCode::DeadlineExceeded);
  EXPECT_EQ(service_.calls, 0);
}

TEST_F(FaultInjectionTest, OnlyTheMethodsThatWereNamed) {
  options_.abort_share = 1;
  options_.methods = {"/pkg.Service/Method", "/pkg.Other/"};
  use(fault_injection(options_));
  const std::pair<const char*, bool> cases[] = {{"/pkg.Service/Method", true},
                                                {"/pkg.Service/Methods", false},
                                                {"/pkg.Other/Any", true},
                                                {"/pkg.Others/Any", false}};
  for (const auto& [path, aborted] : cases) {
    path_ = path;
    EXPECT_EQ(!serve().ok(), aborted) << path;
  }
}

TEST_F(FaultInjectionTest, OnlyCallsWithTheMetadata) {
  options_.abort_share = 1;
  options_.metadata_name = "x-chaos";
  options_.metadata_value = "please";
  use(fault_injection(options_));
  time_of();
  EXPECT_TRUE(last_.ok());
  time_of({{"x-chaos", "no"}});
  EXPECT_TRUE(last_.ok());
  time_of({{"x-chaos", "please"}});
  EXPECT_FALSE(last_.ok());
}

TEST_F(FaultInjectionTest, MetadataMayAskForFaults) {
  options_.delay_share = 1;
  options_.abort_share = 1;
  options_.from_metadata = true;
  options_.metadata_name = "x-envoy-fault-delay-request";
  use(fault_injection(options_));
  EXPECT_EQ(
      time_of({{"x-envoy-fault-delay-request", "250"}, {"x-envoy-fault-abort-grpc-request", "5"}}),
      250ms);
  EXPECT_EQ(last_.code(), StatusCode::NotFound);
  EXPECT_EQ(time_of({{"x-envoy-fault-delay-request", "3600000"}}), 15s) << "max_delay";
}

TEST_F(FaultInjectionTest, MetadataCanOnlyLowerTheShares) {
  options_.abort_share = 0.5;
  options_.from_metadata = true;
  use(fault_injection(options_));
  const auto share_of = [this](const char* percentage) {
    int aborted = 0;
    for (int i = 0; i < 500; ++i) {
      time_of({{"x-envoy-fault-abort-percentage", percentage}});
      aborted += last_.ok() ? 0 : 1;
    }
    return aborted / 500.0;
  };
  EXPECT_EQ(share_of("0"), 0);
  EXPECT_NEAR(share_of("10"), 0.1, 0.06);
  EXPECT_NEAR(share_of("100"), 0.5, 0.1);
}

TEST_F(FaultInjectionTest, MetadataThatIsNoNumberIsPassedOver) {
  options_.delay_share = 1;
  options_.delay = 300ms;
  options_.from_metadata = true;
  use(fault_injection(options_));
  for (const char* text : {"", "-5", "12x", "99999999999999", " 7"}) {
    EXPECT_EQ(time_of({{"x-envoy-fault-delay-request", text},
                       {"x-envoy-fault-abort-grpc-request", text},
                       {"x-envoy-fault-abort-percentage", "0"}}),
              300ms)
        << text;
    EXPECT_TRUE(last_.ok());
  }
}

TEST_F(FaultInjectionTest, NoMoreFaultsAtATimeThanAllowed) {
  options_.delay_share = 1;
  options_.delay = 1s;
  options_.max_active_faults = 2;
  use(fault_injection(options_));
  std::vector<Handle> calls;
  for (int i = 0; i < 5; ++i) calls.push_back(start());
  int ended = 0;
  for (const Handle& call : calls) ended += call->done ? 1 : 0;
  EXPECT_EQ(ended, 3) << "those without a fault";
  calls[0]->destroy();
  EXPECT_FALSE(start()->done);
}

TEST_F(FaultInjectionTest, TheSameSeedHasTheSameFaults) {
  options_.abort_share = 0.5;
  use(fault_injection(options_));
  const auto run = [this](std::uint64_t seed) {
    net::SimNetwork network(seed);
    net::SimLoop& loop = network.host("here");
    std::string outcomes;
    for (int i = 0; i < 64; ++i) {
      Call call(Call::Side::Client, loop, "/a/b", nullptr, nullptr);
      Task<Status> task = chain_.serve(call, service_);
      loop.enter([&] { task.start(&call.context(), {[](void*) noexcept {}, nullptr}); });
      network.run_for(1ms);
      EXPECT_TRUE(task.done());
      outcomes += task.take().ok() ? '.' : 'x';
    }
    return outcomes;
  };
  EXPECT_EQ(run(5), run(5));
  EXPECT_NE(run(5), run(6));
}

TEST_F(FaultInjectionTest, ImpossibleOptionsAreNamed) {
  const auto why = [](auto change) {
    FaultInjectionOptions options;
    change(options);
    return std::string(validate(options).message());
  };
  EXPECT_THAT(why([](auto& o) { o.delay_share = 1.01; }), HasSubstr("delay_share: 1.01: "));
  EXPECT_THAT(why([](auto& o) { o.delay_share = 0.5; }), HasSubstr("delay: 0s: "));
  EXPECT_THAT(why([](auto& o) { o.abort_share = -0.5; }), HasSubstr("abort_share: -0.5: "));
  EXPECT_THAT(why([](auto& o) { o.abort_code = StatusCode::Ok; }), HasSubstr("abort_code: OK"));
  EXPECT_THAT(why([](auto& o) { o.methods = {"SayHello"}; }), HasSubstr("methods: \"SayHello\""));
}

}  // namespace
}  // namespace weft
