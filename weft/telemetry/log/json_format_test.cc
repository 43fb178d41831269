#include "weft/telemetry/log/json_format.h"

#include <chrono>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include "weft/base/text/printable.h"

namespace weft::telemetry {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::system_clock::time_point kWhen{std::chrono::microseconds(1764522245123456)};

std::string line_of(JsonNames names, const LogRecord& record, std::string service = "") {
  std::string line;
  JsonFormat(names, std::move(service)).append(line, record);
  return line;
}

/// By a parser that nobody here wrote.
google::protobuf::Struct parsed(const std::string& line) {
  google::protobuf::Struct object;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(line, &object).ok()) << line;
  return object;
}

LogTrace some_trace() {
  LogTrace trace;
  trace.trace_id.fill(0xab);
  trace.span_id.fill(0x01);
  trace.flags = 1;
  return trace;
}

TEST(JsonFormat, HasOpenTelemetrysNames) {
  const std::vector<LogField> fields = {
      {"shop.name", "Ada"}, {"tries", 2}, {"share", 0.1}, {"new", true}, {"took", 1500us}};
  const LogTrace trace = some_trace();
  const LogRecord record{.level = LogLevel::Error,
                         .message = "greeted",
                         .fields = fields,
                         .trace = &trace,
                         .time = kWhen};
  EXPECT_EQ(
      line_of(JsonNames::OpenTelemetry, record, "greeter"),
      "{\"timestamp\":\"2025-11-30T17:04:05.123456Z\",\"severity_number\":17,"
      "\"severity_text\":\"ERROR\",\"body\":\"greeted\","
      "\"trace_id\":\"abababababababababababababababab\",\"span_id\":\"0101010101010101\","
      "\"trace_flags\":\"01\",\"attributes\":{\"shop.name\":\"Ada\",\"tries\":2,\"share\":0.1,"
      "\"new\":true,\"took\":0.0015},\"resource\":{\"service.name\":\"greeter\"}}");
}

TEST(JsonFormat, ShowsTheComponentOnce) {
  const std::vector<LogField> fields = {{"weft.component", "forged"}, {"tries", 2}};
  const LogRecord record{
      .level = LogLevel::Info, .message = "x", .fields = fields, .component = "shop.orders"};
  EXPECT_THAT(line_of(JsonNames::OpenTelemetry, record),
              HasSubstr("\"attributes\":{\"weft.component\":\"shop.orders\",\"tries\":2}"));
  EXPECT_THAT(line_of(JsonNames::Ecs, record),
              HasSubstr("\"labels\":{\"weft_component\":\"shop.orders\"}"));
}

TEST(JsonFormat, HasTheNamesOfEcs) {
  const std::vector<LogField> fields = {{"shop.name", "Ada"}, {"tries", 2}, {"new", true}};
  const LogTrace trace = some_trace();
  const LogRecord record{.level = LogLevel::Warn,
                         .message = "greeted",
                         .fields = fields,
                         .trace = &trace,
                         .time = kWhen};
  EXPECT_EQ(line_of(JsonNames::Ecs, record, "greeter"),
            "{\"@timestamp\":\"2025-11-30T17:04:05.123456Z\",\"log.level\":\"warn\","
            "\"message\":\"greeted\",\"ecs.version\":\"1.6.0\",\"service.name\":\"greeter\","
            "\"trace.id\":\"abababababababababababababababab\",\"span.id\":\"0101010101010101\","
            "\"labels\":{\"shop_name\":\"Ada\",\"new\":true},\"numeric_labels\":{\"tries\":2}}");
}

TEST(JsonFormat, LeavesOutWhatIsNotKnown) {
  const LogRecord record{.level = LogLevel::Info, .message = "ready", .time = kWhen};
  EXPECT_EQ(line_of(JsonNames::OpenTelemetry, record),
            "{\"timestamp\":\"2025-11-30T17:04:05.123456Z\",\"severity_number\":9,"
            "\"severity_text\":\"INFO\",\"body\":\"ready\"}");
}

TEST(JsonFormat, KeepsHostileTextInItsPlace) {
  constexpr std::string_view kWithNul("\",\"severity_number\":99,\"x\":\"\n{\r\0\x1b[2J\\", 37);
  static_assert(kWithNul.back() == '\\');
  const std::string hostile = std::string(kWithNul) + "\x80\u2028\u202e\U000e0001";
  const std::vector<LogField> fields = {{hostile, hostile}};
  const LogRecord record{
      .level = LogLevel::Info, .message = hostile, .fields = fields, .time = kWhen};
  for (const JsonNames names : {JsonNames::OpenTelemetry, JsonNames::Ecs}) {
    const std::string line = line_of(names, record, hostile);
    EXPECT_TRUE(is_printable(line)) << line;
    const auto object = parsed(line);
    EXPECT_EQ(object.fields().count("x"), 0U);
    EXPECT_THAT(line, Not(HasSubstr("\"severity_number\":99")));
  }
}

TEST(JsonFormat, BoundsTheMessageAndTheValues) {
  const std::string longer(1'000'000, 'a');
  std::vector<LogField> fields(100, {"key", longer});
  const LogRecord record{
      .level = LogLevel::Info, .message = longer, .fields = fields, .time = kWhen};
  const std::string line = line_of(JsonNames::OpenTelemetry, record);
  EXPECT_LT(line.size(), 18'000U);
  const auto object = parsed(line);
  EXPECT_THAT(object.fields().at("body").string_value(), HasSubstr("(16384 of 1000000 bytes)"));
  EXPECT_EQ(object.fields().at("dropped_attributes_count").number_value(), 99);
}

TEST(JsonFormat, WritesNumbersThatJsonCannotHoldAsText) {
  const std::vector<LogField> fields = {{"a", std::numeric_limits<double>::quiet_NaN()},
                                        {"b", std::numeric_limits<double>::infinity()}};
  const LogRecord record{.level = LogLevel::Info, .message = "x", .fields = fields, .time = kWhen};
  EXPECT_THAT(line_of(JsonNames::OpenTelemetry, record),
              HasSubstr("\"attributes\":{\"a\":\"nan\",\"b\":\"inf\"}"));
  EXPECT_THAT(line_of(JsonNames::Ecs, record),
              HasSubstr("\"labels\":{\"a\":\"nan\",\"b\":\"inf\"}"));
}

TEST(JsonFormat, WritesATimeBefore1970) {
  const LogRecord record{
      .level = LogLevel::Info, .message = "x", .time = std::chrono::system_clock::time_point(-1us)};
  EXPECT_THAT(line_of(JsonNames::OpenTelemetry, record), HasSubstr("1969-12-31T23:59:59.999999Z"));
}

}  // namespace
}  // namespace weft::telemetry
