#include "weft/base/log/record.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/log/tap.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class LogFields : public ::testing::Test {
 protected:
  LogFields() {
    set_log_level(LogLevel::Info);
    set_log_sink([this](LogLevel, std::string_view line) { lines_.emplace_back(line); });
  }
  ~LogFields() override {
    set_log_format(nullptr);
    set_log_sink({});
  }
  std::vector<std::string> lines_;
};

TEST_F(LogFields, FollowTheMessageAsText) {
  const std::string name = "Ada Lovelace";
  log(LogLevel::Info, "greeted",
      {{"name", name},
       {"tries", 2},
       {"bytes", 7U},
       {"share", 0.5},
       {"new", true},
       {"took", 1500us}});
  EXPECT_THAT(lines_,
              ElementsAre("greeted name=\"Ada Lovelace\" tries=2 bytes=7 share=0.5 new=true "
                          "took=1.5ms"));
}

TEST_F(LogFields, AreNotWrittenBelowTheLevel) {
  log(LogLevel::Debug, "greeted", {{"name", "x"}});
  EXPECT_TRUE(lines_.empty());
}

TEST_F(LogFields, OfAPeerForgeNeitherAFieldNorALine) {
  log(LogLevel::Info, "greeted", {{"name", "x admin=true\nerror \x80\x1b[2J\""}, {"a b=\n", 1}});
  EXPECT_THAT(lines_,
              ElementsAre("greeted name=\"x admin=true\\nerror \\x80\\x1b[2J\\\"\" a_b__=1"));
}

TEST_F(LogFields, AreBoundedInNumber) {
  std::vector<std::string> keys;
  for (int i = 0; i < 40; ++i) keys.push_back("key" + std::to_string(i));
  std::vector<LogField> fields;
  for (const std::string& key : keys) fields.push_back({key, 1});
  log_fields(LogLevel::Info, "x", fields);
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_THAT(lines_[0], HasSubstr(" key31=1 fields_left_out=8"));
  EXPECT_THAT(lines_[0], Not(HasSubstr("key32")));
}

TEST_F(LogFields, HaveKeysThatAreBoundedAndOccurOnce) {
  log(LogLevel::Info, "x", {{std::string(100, 'k'), 1}, {"", 2}, {"a", 3}, {"a", 4}});
  EXPECT_THAT(lines_, ElementsAre("x " + std::string(64, 'k') + "=1 _=2 a=3 fields_left_out=1"));
}

TEST_F(LogFields, EndWithTheIdsOfATrace) {
  LogTrace trace;
  trace.trace_id.fill(0xab);
  trace.span_id.fill(0x01);
  log_fields(LogLevel::Info, "x", {}, &trace);
  EXPECT_THAT(lines_,
              ElementsAre("x trace_id=abababababababababababababababab span_id=0101010101010101"));
}

class Upper final : public LogFormat {
 public:
  void append(std::string& line, const LogRecord& record) const override {
    line.append("<")
        .append(record.message)
        .append(">")
        .append(std::to_string(record.fields.size()));
    EXPECT_GT(record.time.time_since_epoch().count(), 0);
  }
};

/// Keeps what it sees.
class Seen final : public LogTap {
 public:
  void take(const LogRecord& record) noexcept override {
    messages.emplace_back(record.message);
    fields.push_back(record.fields.size());
  }
  std::vector<std::string> messages;
  std::vector<std::size_t> fields;
};

TEST_F(LogFields, ATapSeesRecordsBesideTheSink) {
  Seen seen;
  set_log_tap(&seen);
  log(LogLevel::Info, "plain");
  log(LogLevel::Info, "greeted", {{"tries", 2}});
  log(LogLevel::Debug, "not enabled");
  const Upper format;
  set_log_format(&format);
  log(LogLevel::Warn, "formatted", {{"a", 1}, {"b", 2}});
  set_log_tap(nullptr);
  log(LogLevel::Info, "untapped");
  EXPECT_THAT(seen.messages, ElementsAre("plain", "greeted", "formatted"));
  EXPECT_THAT(seen.fields, ElementsAre(0U, 1U, 2U));
  EXPECT_EQ(lines_.size(), 4U);
  EXPECT_EQ(lines_[1], "greeted tries=2");
}

TEST_F(LogFields, GoToTheFormatThatIsSet) {
  static const Upper format;
  set_log_format(&format);
  log(LogLevel::Info, "plain");
  log(LogLevel::Info, "fields", {{"a", 1}});
  set_log_format(nullptr);
  log(LogLevel::Info, "text");
  EXPECT_THAT(lines_, ElementsAre("<plain>0", "<fields>1", "text"));
}

TEST_F(LogFields, OfAFormatGoToStandardErrorAsOneLine) {
  static const Upper format;
  set_log_format(&format);
  ::testing::internal::CaptureStderr();
  set_log_sink({});
  log(LogLevel::Info, "plain");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "<plain>0\n");
}

}  // namespace
}  // namespace weft
