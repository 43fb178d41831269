#include "weft/middleware/reports/load_report.h"

#include <optional>
#include <stdexcept>

#include <gtest/gtest.h>

#include "weft/middleware/internal/policy_fixture.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

class LoadReportTest : public middleware::PolicyTest {
 protected:
  LoadReportTest() {
    options_.cpu_utilization = [this] { return cpu_; };
  }
  std::optional<cluster::LoadReport> call(Status answer = {}) {
    service_.answer = std::move(answer);
    const Handle call = start();
    finish(*call);
    const auto sent = call->call.trailers().get(kLoadReportTrailer);
    return sent ? read_load_report(*sent) : std::nullopt;
  }
  /// Calls at even intervals; the last one's report.
  std::optional<cluster::LoadReport> call_for(Duration duration, int calls_a_second,
                                              Status answer = {}) {
    std::optional<cluster::LoadReport> report;
    for (TimePoint end = loop_.now() + duration; loop_.now() < end;) {
      report = call(answer);
      run_for(Duration(1s) / calls_a_second);
    }
    return report;
  }

  LoadReportOptions options_;
  double cpu_ = 0.5;
};

TEST_F(LoadReportTest, SaysNothingBeforeTheFirstWindowHasPassed) {
  use(load_report(options_));
  EXPECT_FALSE(call_for(900ms, 10).has_value());
  EXPECT_TRUE(call_for(300ms, 10).has_value());
}

TEST_F(LoadReportTest, TellsRatesAndUtilization) {
  use(load_report(options_));
  const auto report = call_for(3s, 50);
  ASSERT_TRUE(report.has_value());
  EXPECT_NEAR(report->rps_fractional, 50, 3);
  EXPECT_EQ(report->eps, 0);
  EXPECT_EQ(report->cpu_utilization, 0.5);
  EXPECT_EQ(report->application_utilization, 0);
}

TEST_F(LoadReportTest, FollowsTheLoad) {
  use(load_report(options_));
  call_for(3s, 50);
  cpu_ = 0.9;
  const auto report = call_for(3s, 200);
  EXPECT_NEAR(report->rps_fractional, 200, 10);
  EXPECT_EQ(report->cpu_utilization, 0.9);
}

TEST_F(LoadReportTest, TellsTheApplicationsUtilizationWhereThereIsOne) {
  options_.application_utilization = [] { return 0.25; };
  use(load_report(options_));
  EXPECT_EQ(call_for(2s, 10)->application_utilization, 0.25);
}

TEST_F(LoadReportTest, CountsErrorsOfTheServerOnly) {
  use(load_report(options_));
  EXPECT_NEAR(call_for(3s, 20, internal_error("broken"))->eps, 20, 2);
  EXPECT_EQ(call_for(3s, 20, not_found("no such thing"))->eps, 0);
}

TEST_F(LoadReportTest, CountsAHandlerThatThrows) {
  use(load_report(options_));
  service_.script = [](Call&) -> Task<Status> { throw std::runtime_error("a secret"); };
  EXPECT_NEAR(call_for(3s, 20)->eps, 20, 2);
}

TEST_F(LoadReportTest, LeavesAHandlersOwnReportAlone) {
  use(load_report(options_));
  call_for(2s, 10);
  service_.script = [](Call& call) {
    call.trailers().add(kLoadReportTrailer, write_load_report({.cpu_utilization = 0.125}));
    return Task<Status>(Status());
  };
  EXPECT_EQ(call()->cpu_utilization, 0.125);
}

TEST_F(LoadReportTest, MeasuresTheProcessWhereNobodySaysHowBusyItIs) {
  options_.cpu_utilization = {};
  use(load_report(options_));
  const auto report = call_for(2s, 100);
  ASSERT_TRUE(report.has_value());
  EXPECT_GE(report->cpu_utilization, 0);
  EXPECT_LE(report->cpu_utilization, 1.5);
}

TEST_F(LoadReportTest, RefusesAWindowThatIsTooShort) {
  options_.window = 99ms;
  EXPECT_EQ(validate(options_).message(),
            "LoadReportOptions::window: 99ms: must be at least 100ms");
  use(load_report(options_));
  EXPECT_EQ(serve().code(), StatusCode::FailedPrecondition);
}

}  // namespace
}  // namespace weft
