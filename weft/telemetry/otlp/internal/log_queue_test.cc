#include "weft/telemetry/otlp/internal/log_queue.h"

#include <array>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "weft/telemetry/otlp/internal/otlp_values.h"

#include "otlp_read.pb.h"

namespace weft::telemetry::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;

std::vector<otlp_read::LogRecord> drained(LogQueue& queue, std::size_t lines = 1000,
                                          std::size_t bytes = 1'000'000) {
  codec::OutputBytes encoded;
  static_cast<void>(queue.drain(encoded, lines, bytes));
  otlp_read::ScopeLogs read;
  EXPECT_TRUE(read.ParseFromString(std::string(encoded.view())));
  return {read.log_records().begin(), read.log_records().end()};
}

LogRecord line(std::string_view message) { return {.level = LogLevel::Info, .message = message}; }

TEST(LogQueueTest, ALineHasItsFieldsAndTrace) {
  LogQueue queue;
  LogTrace trace{.flags = 1};
  trace.trace_id.fill(4);
  trace.span_id.fill(5);
  const std::array<LogField, 5> fields{
      {{"name", "Ada"}, {"left", 3}, {"share", 0.5}, {"is new", true}, {"took", 15ms}}};
  queue.take({.level = LogLevel::Warn,
              .message = "stock is low",
              .fields = fields,
              .trace = &trace,
              .time = std::chrono::system_clock::time_point(1000s)});
  const auto records = drained(queue);
  ASSERT_EQ(records.size(), 1U);
  const auto& record = records[0];
  EXPECT_EQ(record.time_unix_nano(), 1000'000'000'000U);
  EXPECT_EQ(record.observed_time_unix_nano(), 1000'000'000'000U);
  EXPECT_EQ(record.severity_number(), 13);
  EXPECT_EQ(record.severity_text(), "WARN");
  EXPECT_EQ(record.body().string_value(), "stock is low");
  EXPECT_EQ(record.trace_id(), std::string(16, '\4'));
  EXPECT_EQ(record.span_id(), std::string(8, '\5'));
  EXPECT_EQ(record.flags(), 1U);
  ASSERT_EQ(record.attributes_size(), 5);
  EXPECT_EQ(record.attributes(0).value().string_value(), "Ada");
  EXPECT_EQ(record.attributes(1).value().int_value(), 3);
  EXPECT_EQ(record.attributes(2).value().double_value(), 0.5);
  EXPECT_EQ(record.attributes(3).key(), "is_new");
  EXPECT_TRUE(record.attributes(3).value().bool_value());
  EXPECT_EQ(record.attributes(4).value().double_value(), 0.015);
}

TEST(LogQueueTest, ALineHasItsComponentOnce) {
  LogQueue queue;
  const std::array<LogField, 1> fields{{{"weft.component", "forged"}}};
  queue.take(
      {.level = LogLevel::Info, .message = "x", .fields = fields, .component = "shop.orders"});
  const auto records = drained(queue);
  ASSERT_EQ(records.at(0).attributes_size(), 1);
  EXPECT_EQ(records[0].attributes(0).value().string_value(), "shop.orders");
}

TEST(LogQueueTest, ALineWithoutTraceHasNoIds) {
  LogQueue queue;
  queue.take(line("ready"));
  const auto records = drained(queue);
  EXPECT_TRUE(records.at(0).trace_id().empty());
  EXPECT_EQ(records[0].severity_number(), 9);
}

TEST(LogQueueTest, LongAndInvalidTextsAreCutAndMadeValid) {
  LogQueue queue;
  queue.take(line(std::string(100'000, 'x')));
  queue.take(line("bad \xff"));
  const auto records = drained(queue);
  EXPECT_LT(records.at(0).body().string_value().size(), 17'000U);
  EXPECT_THAT(records[0].body().string_value(), EndsWith("(16384 of 100000 bytes)"));
  EXPECT_EQ(records.at(1).body().string_value(), "bad \xEF\xBF\xBD");
}

TEST(LogQueueTest, WhatFindsNoRoomIsCounted) {
  LogQueue queue({.lines = 3});
  for (int i = 0; i < 5; ++i) queue.take(line("x"));
  EXPECT_EQ(queue.dropped(), 2U);
  EXPECT_EQ(drained(queue).size(), 3U);
  queue.take(line("x"));
  EXPECT_EQ(queue.dropped(), 2U);
}

TEST(LogQueueTest, BytesAreBoundedToo) {
  LogQueue queue({.bytes = 10'000});
  for (int i = 0; i < 5; ++i) queue.take(line(std::string(4000, 'x')));
  EXPECT_EQ(queue.dropped(), 3U);
  EXPECT_EQ(queue.clear(), 2U);
  queue.take(line(std::string(4000, 'x')));
  EXPECT_EQ(queue.dropped(), 3U);
}

TEST(LogQueueTest, DrainsTheOldestByNumberAndBytes) {
  LogQueue queue;
  for (const char* const text : {"a", "b", "c"}) queue.take(line(text));
  EXPECT_EQ(drained(queue, 1).at(0).body().string_value(), "a");
  EXPECT_EQ(drained(queue, 10, 1).at(0).body().string_value(), "b");
  EXPECT_EQ(drained(queue).at(0).body().string_value(), "c");
  EXPECT_TRUE(drained(queue).empty());
}

TEST(LogQueueTest, WakesWhenItIsHalfFull) {
  LogQueue queue({.lines = 4});
  int woken = 0;
  queue.set_wake([&] { ++woken; });
  queue.take(line("1"));
  EXPECT_EQ(woken, 0);
  queue.take(line("2"));
  queue.take(line("3"));
  EXPECT_EQ(woken, 1);
}

TEST(LogQueueTest, AnExportersOwnLinesAreLeftOut) {
  LogQueue queue;
  std::thread([&] {
    LogQueue::leave_out_this_thread();
    queue.take(line("the collector is away"));
  }).join();
  queue.take(line("work"));
  EXPECT_EQ(drained(queue).size(), 1U);
  EXPECT_EQ(queue.dropped(), 0U);
}

TEST(LogQueueTest, AChildOfForkHasNoneOfItsParentsLines) {
  LogQueue queue;
  queue.take(line("parent's"));
  const pid_t child = ::fork();
  if (child == 0) {
    queue.take(line("child's"));
    codec::OutputBytes encoded;
    ::_exit(static_cast<int>(queue.drain(encoded, 10, 1000)));
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(drained(queue), ::testing::SizeIs(1));
}

}  // namespace
}  // namespace weft::telemetry::internal
