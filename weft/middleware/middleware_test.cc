#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/middleware/attempts/timeout.h"
#include "weft/middleware/reports/access_log.h"
#include "weft/net/sim/sim_loop.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// The far side of a chain, which does what the test says.
class Scripted final : public Service {
 public:
  Task<Status> serve(Call& call) override {
    deadline = call.context().deadline();
    return run();
  }

  Duration takes = Duration::zero();
  Status answer;
  bool throws = false;
  TimePoint deadline = kNever;

 private:
  Task<Status> run() {
    Status waited = co_await net::sleep(takes);
    if (throws) throw std::runtime_error("a secret");
    co_return waited.ok() ? answer : waited;
  }
};

/// Runs one call through a middleware in virtual time.
class MiddlewareTest : public testing::Test {
 protected:
  Status serve(const Middleware& middleware) {
    MiddlewareChain chain;
    chain.add(middleware);
    return serve(std::move(chain));
  }
  Status serve(MiddlewareChain chain) {
    Call call(Call::Side::Server, loop_, path_, nullptr, nullptr);
    if (callers_deadline_ != kNever) call.limit_deadline(callers_deadline_);
    Task<Status> task = chain.serve(call, scripted_);
    bool done = false;
    loop_.post([&] {
      task.start(&call.context(),
                 {[](void* flag) noexcept { *static_cast<bool*>(flag) = true; }, &done});
    });
    EXPECT_TRUE(network_.run_while_not([&] { return done; }, 1min));
    return done ? task.take() : internal_error("the call did not end");
  }

  net::SimNetwork network_{1};
  net::SimLoop& loop_ = network_.host("here");
  Scripted scripted_;
  TimePoint callers_deadline_ = kNever;
  std::string path_ = "/pkg.Service/Method";
};

using Timeout = MiddlewareTest;

TEST_F(Timeout, EndsACallThatTakesLonger) {
  scripted_.takes = 3s;
  const TimePoint begun = loop_.now();
  const Status status = serve(timeout(2s));
  EXPECT_EQ(status.code(), StatusCode::DeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr("2s"));
  EXPECT_EQ(loop_.now() - begun, 2s);
}

TEST_F(Timeout, LetsAQuickCallPass) {
  scripted_.takes = 1s;
  EXPECT_TRUE(serve(timeout(2s)).ok());
}

TEST_F(Timeout, LeavesAnEarlierDeadlineOfTheCaller) {
  callers_deadline_ = loop_.now() + 1s;
  const TimePoint wanted = callers_deadline_;
  static_cast<void>(serve(timeout(2s)));
  EXPECT_EQ(scripted_.deadline, wanted);
}

class AccessLogTest : public MiddlewareTest {
 protected:
  AccessLogTest() {
    set_log_sink([this](LogLevel level, std::string_view line) {
      levels_.push_back(level);
      lines_.emplace_back(line);
    });
  }
  ~AccessLogTest() override { set_log_sink({}); }

  std::vector<LogLevel> levels_;
  std::vector<std::string> lines_;
};

TEST_F(AccessLogTest, WritesPathStatusAndDuration) {
  scripted_.takes = 1500us;
  EXPECT_TRUE(serve(access_log()).ok());
  EXPECT_THAT(lines_,
              ElementsAre(AllOf(HasSubstr("path=/pkg.Service/Method"), HasSubstr("side=server"),
                                HasSubstr("status=OK"), HasSubstr("duration=1.5ms"))));
}

TEST_F(AccessLogTest, WarnsOfAFailureWithItsMessage) {
  scripted_.answer = not_found("no \"such\" thing");
  EXPECT_EQ(serve(access_log()).code(), StatusCode::NotFound);
  EXPECT_THAT(lines_, ElementsAre(HasSubstr(R"(status=NOT_FOUND)")));
  EXPECT_THAT(lines_.at(0), HasSubstr(R"(message="no \"such\" thing")"));
  EXPECT_THAT(levels_, ElementsAre(LogLevel::Warn));
}

TEST_F(AccessLogTest, NamesThePrincipalBehindThePeer) {
  const auto serve_as = [this](std::string_view subject) {
    MiddlewareChain chain;
    chain.add(access_log());
    chain.add([subject](Call& call, Next next) {
      call.set_peer(Peer::local());
      call.set_principal(
          std::make_shared<const Principal>(Principal{.subject = std::string(subject)}));
      return next(call);
    });
    static_cast<void>(serve(std::move(chain)));
  };
  serve_as("ann");
  serve_as("ann status=OK");
  serve_as("");
  EXPECT_THAT(lines_, ElementsAre(HasSubstr(" peer=in-process principal=ann status=OK "),
                                  HasSubstr(" principal=\"ann status=OK\" status=OK "),
                                  HasSubstr(" peer=in-process status=OK ")));
}

TEST_F(AccessLogTest, QuotesAPathThatForgesFields) {
  path_ = "/a side=server peer=10.0.0.1:1 status=OK\n\u202e";
  scripted_.answer = unimplemented("no");
  static_cast<void>(serve(access_log()));
  EXPECT_THAT(lines_.at(0),
              StartsWith("call path=\"/a side=server peer=10.0.0.1:1 status=OK\\n\\u202e\" "
                         "side=server status=UNIMPLEMENTED"));
}

TEST_F(AccessLogTest, CutsALongPathAndALongMessage) {
  path_ = "/" + std::string(9000, 'a');
  scripted_.answer = not_found(std::string(8000, 'm'));
  static_cast<void>(serve(access_log()));
  EXPECT_THAT(lines_.at(0), AllOf(HasSubstr("... (256 of 9001 bytes)\" side=server"),
                                  HasSubstr("... (256 of 8000 bytes)\"")));
  EXPECT_LT(lines_.at(0).size(), 700U);
}

TEST_F(AccessLogTest, LeavesOutQuickCallsWhenAskedTo) {
  scripted_.takes = 1ms;
  static_cast<void>(serve(access_log({.slower_than = 1s})));
  EXPECT_TRUE(lines_.empty());
}

TEST_F(AccessLogTest, SeesAHandlersExceptionWithoutPassingItsTextOn) {
  scripted_.throws = true;
  const Status status = serve(access_log());
  EXPECT_EQ(status.code(), StatusCode::Internal);
  EXPECT_THAT(std::string(status.message()), testing::Not(HasSubstr("secret")));
  EXPECT_THAT(lines_.back(), HasSubstr("status=INTERNAL"));
}

}  // namespace
}  // namespace weft
