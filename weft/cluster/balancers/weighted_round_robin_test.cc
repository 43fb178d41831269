#include <algorithm>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/cluster/balancers/balancers.h"
#include "weft/cluster/balancers/internal/scripted_fleet.h"

namespace weft::cluster {
namespace {

using ::testing::ElementsAre;
using namespace std::chrono_literals;

// A fleet whose members have been reporting for as long as it takes to be believed.
class ReportingFleet : public ScriptedFleet {
 public:
  explicit ReportingFleet(std::size_t members, WeightedRoundRobinOptions options = {})
      : ScriptedFleet(weighted_round_robin(options), members) {}

  void report(const std::vector<LoadReport>& loads) {
    for (std::size_t i = 0; i < loads.size(); ++i) balancer->on_load((*this)[i], loads[i]);
  }
  void report_until_believed(const std::vector<LoadReport>& loads) {
    report(loads);
    clock.time += 10s;
    report(loads);
  }
};

TEST(WeightedRoundRobin, FollowsTheWeightsOfEndpointsExactly) {
  ScriptedFleet fleet(weighted_round_robin({.weights = WeightSource::Endpoints}), 0);
  for (const std::uint32_t weight : {1, 2, 7}) fleet.add(endpoint_of(weight, weight));
  fleet.update();
  const std::vector<std::size_t> counts = fleet.shares(10'000);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(static_cast<double>(counts[i]), 1000.0 * fleet[i].endpoint().weight, 2) << i;
  }
}

TEST(WeightedRoundRobin, SpreadsTurnsEvenlyOverTime) {
  ScriptedFleet fleet(weighted_round_robin({.weights = WeightSource::Endpoints}), 0);
  fleet.add(endpoint_of(0, 5));
  for (std::size_t i = 1; i <= 5; ++i) fleet.add(endpoint_of(i, 1));
  fleet.update();
  std::size_t in_a_row = 0;
  std::size_t most = 0;
  for (int i = 0; i < 1000; ++i) {
    in_a_row = fleet.pick_number() == 0 ? in_a_row + 1 : 0;
    most = std::max(most, in_a_row);
  }
  EXPECT_LE(most, 3u) << "half of all calls, but not five in a row";
}

TEST(WeightedRoundRobin, IsRoundRobinWhereNobodyReports) {
  ReportingFleet fleet(5);
  const std::vector<std::size_t> counts = fleet.shares(1000);
  EXPECT_LE(*std::max_element(counts.begin(), counts.end()), 201u);
}

TEST(WeightedRoundRobin, WeighsByCallsPerUtilization) {
  ReportingFleet fleet(3);
  // Weights 1000, 500 and, by its errors, 100 / (0.1 + 0.5 * 1) = 167.
  fleet.report_until_believed({{.cpu_utilization = 0.1, .rps_fractional = 100},
                               {.cpu_utilization = 0.2, .rps_fractional = 100},
                               {.cpu_utilization = 0.1, .rps_fractional = 100, .eps = 50}});
  const std::vector<std::size_t> counts = fleet.shares(10'000);
  const double sum = 1000 + 500 + 100 / 0.6;
  EXPECT_NEAR(static_cast<double>(counts[0]), 10'000 * 1000 / sum, 60);
  EXPECT_NEAR(static_cast<double>(counts[1]), 10'000 * 500 / sum, 60);
  EXPECT_NEAR(static_cast<double>(counts[2]), 10'000 * (100 / 0.6) / sum, 60);
}

TEST(WeightedRoundRobin, TakesTheApplicationsUtilizationWhereItIsReported) {
  ReportingFleet fleet(2);
  fleet.report_until_believed(
      {{.cpu_utilization = 0.1, .application_utilization = 0.9, .rps_fractional = 100},
       {.cpu_utilization = 0.3, .rps_fractional = 100}});
  EXPECT_NEAR(static_cast<double>(fleet.shares(4000)[1]), 3000, 60);
}

TEST(WeightedRoundRobin, TakesReportsThatComeWithCalls) {
  ReportingFleet fleet(2);
  const LoadReport loads[] = {{.cpu_utilization = 0.1, .rps_fractional = 100},
                              {.cpu_utilization = 0.3, .rps_fractional = 100}};
  for (int i = 0; i < 30; ++i) {
    Member* member = fleet.begin();
    fleet.end(*member, {.load = &loads[fleet.number_of(member)]});
    fleet.clock.time += 1s;
  }
  EXPECT_NEAR(static_cast<double>(fleet.shares(4000)[0]), 3000, 60);
}

TEST(WeightedRoundRobin, GivesMembersWithoutReportsTheMean) {
  ReportingFleet fleet(3);
  fleet.report_until_believed({{.cpu_utilization = 0.1, .rps_fractional = 100},
                               {.cpu_utilization = 0.3, .rps_fractional = 100}});
  const std::vector<std::size_t> counts = fleet.shares(6000);
  EXPECT_NEAR(static_cast<double>(counts[0]), 3000, 60);
  EXPECT_NEAR(static_cast<double>(counts[1]), 1000, 60);
  EXPECT_NEAR(static_cast<double>(counts[2]), 2000, 60);
}

TEST(WeightedRoundRobin, BelievesNoReportDuringTheBlackout) {
  ReportingFleet fleet(2);
  const std::vector<LoadReport> loads = {{.cpu_utilization = 0.1, .rps_fractional = 100},
                                         {.cpu_utilization = 0.9, .rps_fractional = 100}};
  fleet.report(loads);
  fleet.clock.time += 9s;
  fleet.report(loads);
  EXPECT_NEAR(static_cast<double>(fleet.shares(1000)[0]), 500, 2);
  fleet.clock.time += 1s;
  EXPECT_NEAR(static_cast<double>(fleet.shares(1000)[0]), 900, 20);
}

TEST(WeightedRoundRobin, ForgetsReportsThatAreTooOld) {
  ReportingFleet fleet(2);
  const std::vector<LoadReport> loads = {{.cpu_utilization = 0.1, .rps_fractional = 100},
                                         {.cpu_utilization = 0.9, .rps_fractional = 100}};
  fleet.report_until_believed(loads);
  fleet.clock.time += 3min;
  EXPECT_NEAR(static_cast<double>(fleet.shares(1000)[0]), 500, 20);
  // Who reports again has a blackout again.
  fleet.report(loads);
  fleet.clock.time += 5s;
  EXPECT_NEAR(static_cast<double>(fleet.shares(1000)[0]), 500, 2);
  fleet.clock.time += 5s;
  EXPECT_NEAR(static_cast<double>(fleet.shares(1000)[0]), 900, 20);
}

TEST(WeightedRoundRobin, HoldsWeightsWithinTenTimesTheMean) {
  ReportingFleet fleet(3);
  fleet.report_until_believed({{.cpu_utilization = 1e-9, .rps_fractional = 100},
                               {.cpu_utilization = 0.5, .rps_fractional = 100},
                               {.cpu_utilization = 0.5, .rps_fractional = 100}});
  // The mean is a third of the first; the others are held at a tenth of it.
  EXPECT_NEAR(static_cast<double>(fleet.shares(3200)[1]), 100, 5);
}

TEST(WeightedRoundRobin, IgnoresReportsThatSayNothing) {
  ReportingFleet fleet(2);
  fleet.report_until_believed({{.cpu_utilization = 0, .rps_fractional = 100},
                               {.cpu_utilization = 0.9, .rps_fractional = 0}});
  EXPECT_NEAR(static_cast<double>(fleet.shares(1000)[0]), 500, 2);
}

TEST(WeightedRoundRobin, SurvivesReportsThatAreNoNumbers) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double strange : {inf, -inf, nan, 1e308, 1e-308, -1.0}) {
    ReportingFleet fleet(3);
    fleet.report_until_believed(
        {{.cpu_utilization = strange, .rps_fractional = 100, .eps = strange},
         {.cpu_utilization = 0.5, .rps_fractional = strange, .eps = 1},
         {.cpu_utilization = 0.5, .rps_fractional = 100}});
    for (const std::size_t count : fleet.shares(1000)) {
      EXPECT_GE(count, 30u) << "everybody has at least a tenth of the mean, with " << strange;
    }
  }
}

TEST(WeightedRoundRobin, KeepsSharesWhileMembersComeAndGo) {
  ScriptedFleet fleet(weighted_round_robin({.weights = WeightSource::Endpoints}), 0);
  for (const std::uint32_t weight : {1, 2, 4, 1}) fleet.add(endpoint_of(fleet.size(), weight));
  std::vector<std::size_t> counts(4);
  for (int i = 0; i < 7000; ++i) {
    if (i % 5 == 0) {
      fleet.set_available(3, !fleet[3].available());
      fleet.update();
    }
    ++counts[fleet.pick_number()];
  }
  EXPECT_NEAR(static_cast<double>(counts[2]) / static_cast<double>(counts[0]), 4, 0.1);
  EXPECT_NEAR(static_cast<double>(counts[1]) / static_cast<double>(counts[0]), 2, 0.05);
}

TEST(WeightedRoundRobin, GivesANewMemberCallsSlowly) {
  ScriptedFleet fleet(weighted_round_robin({.slow_start = {.window = 100s}}), 9);
  fleet.clock.time += 100s;
  fleet.add(endpoint_of(9));
  fleet.update();
  for (const auto& [since, part] : {std::pair(0s, 0.1), {50s, 0.5}, {100s, 1.0}}) {
    fleet.clock.time = fleet[9].available_since() + since;
    const double fair = 10'000 / (9 + part);
    EXPECT_NEAR(static_cast<double>(fleet.shares(10'000)[9]), fair * part, fair * 0.02)
        << since.count() << " s";
  }
}

}  // namespace
}  // namespace weft::cluster
