#include "weft/middleware/reuse/single_flight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/middleware/internal/policy_fixture.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

constexpr MethodDescriptor kGet{.name = "Get",
                                .path = "/pkg.Store/Get",
                                .kind = MethodKind::Unary,
                                .idempotent = true,
                                .no_side_effects = true};
constexpr MethodDescriptor kPut{
    .name = "Put", .path = "/pkg.Store/Put", .kind = MethodKind::Unary, .idempotent = true};

class SingleFlightTest : public middleware::PolicyTest {
 protected:
  SingleFlightTest() {
    method_ = &kGet;
    service_.takes = 100ms;
    service_.response = "the answer";
    SingleFlightOptions options;
    options.methods = {"/pkg.Store/List"};
    options.observer = &events_;
    use(single_flight(options));
  }
};

TEST_F(SingleFlightTest, ManyThatAskForTheSameAreOneCall) {
  std::vector<Handle> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(start());
  for (const Handle& call : calls) {
    finish(*call);
    EXPECT_TRUE(call->status.ok());
    EXPECT_EQ(call->response(), "the answer");
  }
  EXPECT_EQ(service_.calls, 1);
  EXPECT_EQ(events_.count("single_flight.joined"), 9);
}

TEST_F(SingleFlightTest, TheNextOneAsksAnew) {
  EXPECT_TRUE(serve().ok());
  EXPECT_TRUE(serve().ok());
  EXPECT_EQ(service_.calls, 2);
}

TEST_F(SingleFlightTest, DifferentRequestsAreDifferentCalls) {
  const Handle first = start();
  request_ = "another request";
  const Handle second = start();
  finish(*second);
  EXPECT_EQ(service_.calls, 2);
}

TEST_F(SingleFlightTest, TheServiceSeesTheRequest) {
  std::string seen;
  service_.script = [&seen](Call& call) {
    Message message;
    if (call.requests().poll(message) == MessageReader::Poll::Message) {
      seen = message.to_bytes().to_string();
    }
    return Task<Status>(not_found("no such thing"));
  };
  EXPECT_EQ(serve().code(), StatusCode::NotFound);
  EXPECT_EQ(seen, "request");
}

TEST_F(SingleFlightTest, CallersWithOtherCredentialsDoNotShare) {
  const auto as = [](const char* token) {
    return [token](Call& call) { call.request_metadata().add("authorization", token); };
  };
  const Handle ann = start(as("ann"));
  const Handle bob = start(as("bob"));
  const Handle ann_again = start(as("ann"));
  const Handle nobody = start();
  EXPECT_EQ(service_.calls, 3);
}

TEST_F(SingleFlightTest, MethodsThatChangeSomethingAreLeftAlone) {
  method_ = &kPut;
  const Handle first = start();
  const Handle second = start();
  EXPECT_EQ(service_.calls, 2);
}

TEST_F(SingleFlightTest, MethodsMayBeNamed) {
  const MethodDescriptor list{.name = "List", .path = "/pkg.Store/List"};
  method_ = &list;
  const Handle first = start();
  const Handle second = start();
  EXPECT_EQ(service_.calls, 1);
}

TEST_F(SingleFlightTest, FollowersGetTheLeadersError) {
  service_.answer = not_found("no such thing");
  const Handle first = start();
  const Handle second = start();
  finish(*second);
  EXPECT_EQ(second->status, not_found("no such thing"));
  EXPECT_EQ(service_.calls, 1);
}

TEST_F(SingleFlightTest, FollowersGetMetadataAndTrailers) {
  service_.script = [this](Call& call) {
    call.response_metadata().add("served-by", "a");
    call.trailers().add("cost", "3");
    return [](Call& served, Duration takes) -> Task<Status> {
      static_cast<void>(co_await net::sleep(takes));
      const Message message(Bytes::copy_of("the answer"));
      co_await served.responses().write(message);
      co_return Status();
    }(call, service_.takes);
  };
  const Handle first = start();
  const Handle second = start();
  finish(*second);
  EXPECT_EQ(second->call.response_metadata().get("served-by"), "a");
  EXPECT_EQ(second->call.trailers().get("cost"), "3");
  EXPECT_EQ(second->response(), "the answer");
}

TEST_F(SingleFlightTest, AFollowerThatExpiresLeavesTheOthersAlone) {
  const Handle leader = start();
  const Handle hurried = start([](Call& call) { call.limit_timeout(10ms); });
  const Handle patient = start();
  finish(*hurried);
  EXPECT_EQ(hurried->status.code(), StatusCode::DeadlineExceeded);
  EXPECT_FALSE(leader->done);
  finish(*patient);
  EXPECT_TRUE(leader->status.ok());
  EXPECT_TRUE(patient->status.ok());
  EXPECT_EQ(service_.calls, 1);
}

TEST_F(SingleFlightTest, OneTakesOverWhenTheLeaderIsCancelled) {
  const Handle leader = start();
  const Handle second = start();
  const Handle third = start();
  run_for(50ms);
  leader->call.context().cancel(cancelled("not interested any more"));
  finish(*leader);
  EXPECT_EQ(leader->status.code(), StatusCode::Cancelled);
  const TimePoint taken_over = loop_.now();
  finish(*third);
  EXPECT_TRUE(second->status.ok());
  EXPECT_TRUE(third->status.ok());
  EXPECT_EQ(third->response(), "the answer");
  EXPECT_EQ(third->ended - taken_over, 100ms);
  EXPECT_EQ(service_.calls, 2);
  EXPECT_EQ(events_.count("single_flight.took_over"), 1);
}

TEST_F(SingleFlightTest, OneTakesOverWhenTheLeadersDeadlinePasses) {
  const Handle leader = start([](Call& call) { call.limit_timeout(10ms); });
  const Handle second = start();
  finish(*second);
  EXPECT_EQ(leader->status.code(), StatusCode::DeadlineExceeded);
  EXPECT_TRUE(second->status.ok());
}

TEST_F(SingleFlightTest, OneTakesOverWhenTheLeaderIsLetGoOf) {
  const Handle leader = start();
  const Handle second = start();
  const Handle third = start();
  loop_.enter([&] {
    leader->destroy();
    second->destroy();  // leads now, but has not run since
  });
  finish(*third);
  EXPECT_TRUE(third->status.ok());
  EXPECT_EQ(serve().code(), StatusCode::Ok) << "nothing is left of it";
}

TEST_F(SingleFlightTest, LargeRequestsAreMadeOnTheirOwn) {
  request_ = std::string(70000, 'x');
  const Handle first = start();
  const Handle second = start();
  EXPECT_EQ(service_.calls, 2);
}

}  // namespace
}  // namespace weft
