#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/coro/context_log.h"
#include "weft/middleware/reports/access_log.h"
#include "weft/telemetry/log/json_format.h"
#include "weft/telemetry/trace/internal/traced_world.h"

namespace weft::telemetry::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

/// Lines that calls write, in virtual time.
class CallLog : public TracedWorld {
 protected:
  CallLog() {
    set_log_level(LogLevel::Info);
    set_log_sink([this](LogLevel, std::string_view line) { lines_.emplace_back(line); });
  }
  ~CallLog() override {
    set_log_format(nullptr);
    set_log_sink({});
  }
  void call() {
    EXPECT_TRUE(world.in_process.run(World::unary(world.in_process.channel(), "ask")).ok());
    world.settle();
  }
  static std::string hex(const auto& bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
      text += "0123456789abcdef"[byte >> 4];
      text += "0123456789abcdef"[byte & 15];
    }
    return text;
  }
  std::vector<std::string> lines_;
};

TEST_F(CallLog, OfATracedCallHasTheIdsOfItsSpan) {
  sample({.ratio = 1});
  trace_server();
  world.in_process.server().use([](Call& call, Next next) {
    log(call, LogLevel::Info, "seen", {{"bytes", 3}});
    return next(call);
  });
  call();
  const std::vector<SpanRecord> ended = spans();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_THAT(lines_, ElementsAre("seen bytes=3 trace_id=" + hex(ended[0].trace_id) +
                                  " span_id=" + hex(ended[0].span_id)));
}

TEST_F(CallLog, OfACallWithoutTraceHasNoIds) {
  world.in_process.server().use([](Call& call, Next next) {
    log(call, LogLevel::Info, "seen");
    return next(call);
  });
  call();
  EXPECT_THAT(lines_, ElementsAre("seen"));
}

TEST_F(CallLog, SaysWhatTheServerCountedOfACall) {
  sample({.ratio = 1});
  trace_server();
  world.in_process.server().use(access_log());
  call();
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_THAT(lines_[0],
              MatchesRegex("call path=/test.Kinds/Unary side=server peer=[^ ]+ status=OK "
                           "duration=[^ ]+ sent_bytes=[1-9][0-9]* received_bytes=[1-9][0-9]* "
                           "trace_id=[0-9a-f]{32} span_id=[0-9a-f]{16}"));
}

TEST_F(CallLog, SaysWhatTheClientCountedOfACall) {
  sample({.ratio = 1});
  trace_client();
  world.in_process.channel().use(access_log());
  call();
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_THAT(lines_[0],
              MatchesRegex("call path=/test.Kinds/Unary side=client peer=[^ ]+ status=OK "
                           "duration=[^ ]+ sent_bytes=[1-9][0-9]* received_bytes=[1-9][0-9]* "
                           "attempts=1 waited=[^ ]+ trace_id=[0-9a-f]{32} span_id=[0-9a-f]{16}"));
}

TEST_F(CallLog, CountsNothingWithoutAnObserver) {
  world.in_process.server().use(access_log());
  call();
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_THAT(lines_[0], AllOf(HasSubstr("status=OK"), Not(HasSubstr("_bytes"))));
}

TEST_F(CallLog, IsARecordWithTypedFields) {
  static const JsonFormat json(JsonNames::OpenTelemetry, "");
  set_log_format(&json);
  sample({.ratio = 1});
  trace_server();
  world.in_process.server().use(access_log());
  call();
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_THAT(lines_[0],
              MatchesRegex("\\{.*\"body\":\"call\",\"trace_id\":\"[0-9a-f]{32}\",.*"
                           "\"path\":\"/test.Kinds/Unary\".*\"received_bytes\":[1-9].*\\}"));
}

}  // namespace
}  // namespace weft::telemetry::test
