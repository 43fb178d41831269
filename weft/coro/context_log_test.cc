#include "weft/coro/context_log.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft {
namespace {

using ::testing::ElementsAre;

class ContextLog : public ::testing::Test {
 protected:
  ContextLog() {
    set_log_level(LogLevel::Info);
    set_log_sink([this](LogLevel, std::string_view line) { lines_.emplace_back(line); });
    context_.trace().trace_id.fill(0xab);
    context_.trace().span_id.fill(0x01);
  }
  ~ContextLog() override { set_log_sink({}); }
  Context context_;
  std::vector<std::string> lines_;
};

TEST_F(ContextLog, NamesTheTraceOfItsContext) {
  log(context_, LogLevel::Info, "greeted", {{"name", "x"}});
  EXPECT_THAT(lines_, ElementsAre("greeted name=x trace_id=abababababababababababababababab "
                                  "span_id=0101010101010101"));
}

TEST_F(ContextLog, NamesNoTraceWhereThereIsNone) {
  const Context outside;
  log(outside, LogLevel::Info, "greeted");
  EXPECT_THAT(lines_, ElementsAre("greeted"));
}

TEST_F(ContextLog, WritesNothingBelowTheLevel) {
  log(context_, LogLevel::Debug, "greeted");
  EXPECT_TRUE(lines_.empty());
}

struct FakeCall {
  Context& context() { return of; }
  Context& of;
};

TEST_F(ContextLog, TakesWhatHasAContext) {
  FakeCall call{context_};
  log(call, LogLevel::Info, "a");
  EXPECT_THAT(lines_, ElementsAre("a trace_id=abababababababababababababababab "
                                  "span_id=0101010101010101"));
}

}  // namespace
}  // namespace weft
