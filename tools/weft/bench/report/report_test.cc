// What a run prints and writes.

#include <string>

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "tools/weft/bench/report/bench_report.h"
#include "tools/weft/bench/report/figures.h"
#include "tools/weft/bench/report/svg_chart.h"

namespace weft::cli::bench {
namespace {

using namespace std::chrono_literals;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Figures, KeepThreeDigits) {
  EXPECT_EQ(latency_text(0ns), "0ns");
  EXPECT_EQ(latency_text(850ns), "850ns");
  EXPECT_EQ(latency_text(1234ns), "1.23us");
  EXPECT_EQ(latency_text(999'499ns), "999us");
  EXPECT_EQ(latency_text(12'345us), "12.3ms");
  EXPECT_EQ(latency_text(2500ms), "2.50s");
  EXPECT_EQ(rate_text(512), "512");
  EXPECT_EQ(rate_text(123'456), "123k");
  EXPECT_EQ(rate_text(1'054'000), "1.05M");
  EXPECT_EQ(count_text(1'234'567), "1,234,567");
  EXPECT_EQ(count_text(123), "123");
  EXPECT_EQ(bytes_text(66), "66 B");
  EXPECT_EQ(bytes_text(62.9), "62.9 B");
  EXPECT_EQ(bytes_text(1536), "1.50 KiB");
  EXPECT_EQ(time_text(10s), "10.0s");
  EXPECT_EQ(time_text(150s), "2m30s");
}

class Reports : public ::testing::Test {
 protected:
  Reports() {
    flags_.connection.address = "localhost:1";
    flags_.connections = 8;
    flags_.streams = 32;
    plan_ = flags_.plan();
    plan_.connections = 8;
    plan_.streams = 32;
    result_.measured.window = 2s;
    result_.measured.cpu = 1ms;
    for (int i = 1; i <= 900; ++i) record(i * 10us, Status());
    for (int i = 0; i < 100; ++i) record(50ms, unavailable("no <room> \"here\" \x1b[31m"));
  }
  void record(Duration latency, const Status& status) {
    result_.measured.methods[0].record(latency, status, 66, status.ok() ? 70 : 0);
    ++result_.measured.within;
    Interval interval;
    Histogram histogram;
    if (status.ok()) histogram.record(latency);
    interval.ok = histogram.buckets();
    interval.errors = status.ok() ? 0 : 1;
    result_.time_line.add(at_, interval);
    at_ += 2ms;
  }
  BenchReport report() const {
    return {.flags = flags_, .plan = plan_, .methods = methods_, .result = result_};
  }
  google::protobuf::Struct json() const {
    google::protobuf::Struct parsed;
    const auto status = google::protobuf::util::JsonStringToMessage(json_report(report()), &parsed);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return parsed;
  }

  BenchFlags flags_;
  LoadPlan plan_;
  std::vector<std::string> methods_{"a.B/C"};
  LoadResult result_{.measured = Measurement(1), .time_line = TimeLine(100ms)};
  Duration at_{};
};

TEST_F(Reports, SummaryHasTheFiguresOfTheRun) {
  const std::string text = summary_text(report(), Style::plain());
  EXPECT_THAT(text, HasSubstr("a.B/C at localhost:1: 8 connections x 32 streams, closed loop"));
  EXPECT_THAT(text, HasSubstr("1,000 in 2.00s, 500/s"));
  EXPECT_THAT(text, HasSubstr("900, errors 100 (10.0%)"));
  EXPECT_THAT(text, HasSubstr("66 B out, 63 B in per call"));
  EXPECT_THAT(text, HasSubstr("1.00us of this client per call"));
  EXPECT_THAT(text, ContainsRegex("10.0us +4.50ms"));
  EXPECT_THAT(text, ContainsRegex("UNAVAILABLE +100  no <room> \"here\" .x1b"));
  EXPECT_THAT(text, Not(HasSubstr("!")));
}

TEST_F(Reports, SummaryWarnsOfWhatTheFiguresLeaveOut) {
  plan_.rate = 1000;
  result_.interrupted = true;
  result_.measured.unfinished = 3;
  result_.measured.not_begun = 1234;
  result_.measured.dropped = 7;
  const std::string text = summary_text(report(), Style::plain());
  EXPECT_THAT(text, HasSubstr("! interrupted"));
  EXPECT_THAT(text, HasSubstr("! 3 calls were still under way at the end"));
  EXPECT_THAT(text, HasSubstr("1,234 calls were due and never begun"));
  EXPECT_THAT(text, HasSubstr("! the backlog was full: 7 calls were dropped"));
  EXPECT_THAT(text, HasSubstr("1000 calls/s due"));
}

TEST_F(Reports, SummaryHasARowForEachOfSeveralMethods) {
  methods_.push_back("a.B/Other");
  result_.measured.methods.emplace_back();
  result_.measured.methods[1].record(7ms, Status(), 1, 1);
  const std::string text = summary_text(report(), Style::plain());
  EXPECT_THAT(text, ContainsRegex("a.B/C +1,000 +100 +4.5"));
  EXPECT_THAT(text, ContainsRegex("a.B/Other +1 +0 +7.00ms"));
}

TEST_F(Reports, SummaryOfNothingSaysSo) {
  result_ = {.measured = Measurement(1), .time_line = TimeLine(100ms)};
  EXPECT_THAT(summary_text(report(), Style::plain()), HasSubstr("0 in 0.00s"));
  EXPECT_NO_FATAL_FAILURE(json());
  EXPECT_THAT(html_report(report()), HasSubstr("a.B/C"));
}

TEST_F(Reports, JsonHasSumsThatAgree) {
  const google::protobuf::Struct parsed = json();
  const auto& fields = parsed.fields();
  EXPECT_EQ(fields.at("count").number_value(), 1000);
  EXPECT_EQ(fields.at("ok").number_value(), 900);
  EXPECT_EQ(fields.at("errors").number_value(), 100);
  EXPECT_EQ(fields.at("per_second").number_value(), 500);
  EXPECT_EQ(fields.at("latency_us").struct_value().fields().at("max").number_value(), 9000);
  const auto& statuses = fields.at("statuses").struct_value().fields();
  EXPECT_EQ(statuses.at("OK").struct_value().fields().at("count").number_value(), 900);
  EXPECT_EQ(statuses.at("UNAVAILABLE").struct_value().fields().at("sample").string_value(),
            "no <room> \"here\" \x1b[31m");
  double buckets = 0;
  for (const auto& bucket : fields.at("histogram").list_value().values()) {
    buckets += bucket.struct_value().fields().at("count").number_value();
  }
  EXPECT_EQ(buckets, 900);
  double ok = 0;
  double errors = 0;
  const auto& line = fields.at("time_line").struct_value().fields();
  for (const auto& point : line.at("points").list_value().values()) {
    ok += point.struct_value().fields().at("ok").number_value();
    errors += point.struct_value().fields().at("errors").number_value();
  }
  EXPECT_EQ(ok, 900);
  EXPECT_EQ(errors, 100);
}

TEST_F(Reports, PageIsOneFileAndEscapesTextOfPeers) {
  const std::string page = html_report(report());
  EXPECT_THAT(page, ::testing::StartsWith("<!doctype html>"));
  EXPECT_THAT(page, ::testing::EndsWith("</html>\n"));
  EXPECT_THAT(page, HasSubstr("no &lt;room&gt; &quot;here&quot; \\x1b[31m"));
  EXPECT_THAT(page, Not(HasSubstr("<room>")));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("http")));
  EXPECT_THAT(page, Not(ContainsRegex("=\"-?(nan|inf)")));
  for (const char* title :
       {"Latency by percentile", "Distribution", "Per second", "Latency over time", "Outcome"}) {
    EXPECT_THAT(page, HasSubstr(title));
  }
  std::size_t charts = 0;
  for (std::size_t at = page.find("<svg"); at != page.npos; at = page.find("<svg", at + 1)) {
    ++charts;
  }
  EXPECT_EQ(charts, 4U);
}

TEST(ChartAxis, HasRoundTicks) {
  const auto label = [](double value) { return std::to_string(static_cast<int>(value)); };
  const ChartAxis axis = ChartAxis::linear(930, label);
  ASSERT_EQ(axis.ticks().size(), 6U);
  EXPECT_EQ(axis.ticks().back().label, "1000");
  EXPECT_DOUBLE_EQ(axis.position(500), 0.5);
  EXPECT_DOUBLE_EQ(axis.position(5000), 1);
}

TEST(ChartAxis, OfFactorsSpacesItsTicksEvenly) {
  const auto label = [](double value) { return std::to_string(static_cast<int>(value)); };
  const ChartAxis axis = ChartAxis::logarithmic(1, 1e6, label);
  ASSERT_EQ(axis.ticks().size(), 7U);
  EXPECT_EQ(axis.ticks().front().label, "1");
  EXPECT_EQ(axis.ticks().back().label, "1000000");
  EXPECT_NEAR(axis.position(1e3), 0.5, 1e-9);
  EXPECT_EQ(axis.position(0), 0);
}

TEST(TimeLine, DoublesItsIntervalWhenThereAreTooMany) {
  TimeLine line(10ms);
  Histogram one;
  one.record(1ms);
  const Interval interval{.ok = one.buckets(), .errors = 1};
  const std::size_t count = TimeLine::kMost * 2 + 1;
  for (std::size_t i = 0; i < count; ++i) line.add(i * 10ms, interval);
  EXPECT_EQ(line.interval(), 40ms);
  EXPECT_LE(line.intervals().size(), TimeLine::kMost);
  std::uint64_t ok = 0;
  std::uint64_t errors = 0;
  for (const Interval& each : line.intervals()) {
    Histogram latency;
    latency.add(each.ok);
    ok += latency.count();
    errors += each.errors;
  }
  EXPECT_EQ(ok, count);
  EXPECT_EQ(errors, count);
}

TEST(Parts, OfThreadsAddUpToTheWhole) {
  LoadPlan whole;
  whole.connections = 7;
  whole.calls = 100;
  whole.rate = 900;
  whole.max_backlog = 10;
  std::size_t connections = 0;
  std::uint64_t calls = 0;
  double rate = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const LoadPlan part = part_of(whole, i, 3);
    EXPECT_GE(part.connections, 2U);
    connections += part.connections;
    calls += part.calls;
    rate += part.rate;
  }
  EXPECT_EQ(connections, 7U);
  EXPECT_EQ(calls, 100U);
  EXPECT_DOUBLE_EQ(rate, 900);
}

}  // namespace
}  // namespace weft::cli::bench
