#include "weft/cluster/endpoints/outlier.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/cluster/balancers/internal/latency_counts.h"
#include "weft/cluster/balancers/internal/scripted_fleet.h"

namespace weft::cluster {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

// Members whose calls end as the test says, on a clock that the test turns.
class Judged {
 public:
  explicit Judged(std::size_t members, OutlierOptions options, std::uint64_t seed = 1)
      : rng_(announced(seed)), detection_(options, rng_) {
    for (std::size_t i = 0; i < members; ++i) {
      owned_.push_back(std::make_unique<Member>(endpoint_of(i)));
      members_.push_back(owned_.back().get());
    }
    detection_.update(members_);
  }

  // A call from now on.
  bool end(std::size_t number, StatusCode code, Origin origin = Origin::Peer,
           Duration latency = 1ms) {
    clock_.time += latency;
    return end_now(number, code, origin, latency);
  }
  // One that began before.
  bool end_now(std::size_t number, StatusCode code, Origin origin, Duration latency) {
    const CallReport report{.code = code, .origin = origin, .latency = latency, .now = now()};
    return detection_.on_ended(*members_[number], report);
  }
  bool succeed(std::size_t number, int times = 1, Duration latency = 1ms) {
    bool changed = false;
    for (int i = 0; i < times; ++i) {
      changed = end(number, StatusCode::Ok, Origin::Peer, latency) || changed;
    }
    return changed;
  }
  bool fail(std::size_t number, int times = 1, StatusCode code = StatusCode::Unavailable) {
    bool changed = false;
    for (int i = 0; i < times; ++i) changed = end(number, code) || changed;
    return changed;
  }
  // Failures spread among successes, so that they are not in a row.
  void serve(std::size_t number, int successes, int failures) {
    for (; successes > 0 || failures > 0; --successes, --failures) {
      if (failures > 0) fail(number);
      if (successes > 0) succeed(number);
    }
  }
  void serve_all(int successes) {
    for (std::size_t i = 0; i < members_.size(); ++i) succeed(i, successes);
  }
  bool sweep(Duration later = 10s) {
    clock_.time += later;
    return detection_.sweep(members_, now());
  }
  // Until it has returned from ejection; how long that took.
  Duration wait_for(std::size_t number) {
    const TimePoint start = now();
    while (ejected(number)) sweep(1s);
    return now() - start;
  }

  bool ejected(std::size_t number) const { return members_[number]->ejected(); }
  bool probing(std::size_t number) const { return members_[number]->probing(); }
  std::size_t ejected_count() const {
    std::size_t count = 0;
    for (const Member* member : members_) count += member->ejected() ? 1 : 0;
    return count;
  }
  TimePoint now() const { return clock_.now(); }

 private:
  ScriptedClock clock_;
  Rng rng_;
  OutlierDetection detection_;
  std::vector<std::unique_ptr<Member>> owned_;
  std::vector<Member*> members_;
};

OutlierOptions only_consecutive(std::uint32_t count = 5) {
  OutlierOptions options;
  options.consecutive_failures = ConsecutiveFailures{count};
  options.success_rate.reset();
  options.latency.reset();
  options.max_ejection_percent = 100;
  return options;
}

OutlierOptions only_success_rate(SuccessRateEjection rule = {}) {
  OutlierOptions options = only_consecutive();
  options.consecutive_failures.reset();
  options.success_rate = rule;
  return options;
}

OutlierOptions only_failure_percentage(FailurePercentageEjection rule = {}) {
  OutlierOptions options = only_consecutive();
  options.consecutive_failures.reset();
  options.failure_percentage = rule;
  return options;
}

OutlierOptions only_latency(LatencyEjection rule = {}) {
  OutlierOptions options = only_consecutive();
  options.consecutive_failures.reset();
  options.latency = rule;
  return options;
}

// ---- What counts ----

TEST(OutlierVerdict, BlamesTheServerAndTheWayToItOnly) {
  for (int code = 1; code <= 16; ++code) {
    const auto status = static_cast<StatusCode>(code);
    const bool cancelled = status == StatusCode::Cancelled;
    EXPECT_EQ(verdict_of(status, Origin::Transport),
              cancelled ? Verdict::Nothing : Verdict::Failure)
        << name_of(status);
    EXPECT_EQ(verdict_of(status, Origin::Local),
              status == StatusCode::DeadlineExceeded ? Verdict::Failure : Verdict::Nothing)
        << name_of(status);
  }
  for (const StatusCode code : {StatusCode::Unknown, StatusCode::Internal, StatusCode::Unavailable,
                                StatusCode::DataLoss, StatusCode::DeadlineExceeded}) {
    EXPECT_EQ(verdict_of(code, Origin::Peer), Verdict::Failure) << name_of(code);
  }
  for (const StatusCode code :
       {StatusCode::Ok, StatusCode::InvalidArgument, StatusCode::NotFound,
        StatusCode::AlreadyExists, StatusCode::PermissionDenied, StatusCode::FailedPrecondition,
        StatusCode::Aborted, StatusCode::OutOfRange, StatusCode::Unimplemented,
        StatusCode::Unauthenticated}) {
    EXPECT_EQ(verdict_of(code, Origin::Peer), Verdict::Success) << name_of(code);
  }
  EXPECT_EQ(verdict_of(StatusCode::ResourceExhausted, Origin::Peer), Verdict::Nothing);
  EXPECT_EQ(verdict_of(StatusCode::Cancelled, Origin::Peer), Verdict::Nothing);
}

// ---- Failures in a row ----

TEST(OutlierConsecutive, EjectsAtOnce) {
  Judged judged(3, only_consecutive(5));
  EXPECT_FALSE(judged.fail(1, 4));
  EXPECT_TRUE(judged.fail(1));
  EXPECT_TRUE(judged.ejected(1));
  EXPECT_FALSE(judged.fail(1)) << "no news";
}

TEST(OutlierConsecutive, BeginsAnewAfterASuccess) {
  Judged judged(3, only_consecutive(5));
  for (int i = 0; i < 20; ++i) {
    judged.fail(1, 4);
    judged.succeed(1);
  }
  EXPECT_FALSE(judged.ejected(1));
}

TEST(OutlierConsecutive, CountsDeadlinesAndLostConnectionsButNotTheCallersDoing) {
  Judged judged(3, only_consecutive(2));
  for (int i = 0; i < 10; ++i) {
    judged.end(0, StatusCode::Cancelled, Origin::Local);
    judged.end(0, StatusCode::ResourceExhausted, Origin::Peer);
    judged.end(0, StatusCode::NotFound, Origin::Peer);
  }
  EXPECT_FALSE(judged.ejected(0));
  judged.end(1, StatusCode::DeadlineExceeded, Origin::Local);
  judged.end(1, StatusCode::Cancelled, Origin::Local);  // tells nothing, and does not start anew
  EXPECT_TRUE(judged.end(1, StatusCode::Internal, Origin::Transport));
}

TEST(OutlierConsecutive, EjectsNoMoreThanTheCap) {
  OutlierOptions options = only_consecutive(1);
  options.max_ejection_percent = 30;
  Judged judged(10, options);
  for (std::size_t i = 0; i < 10; ++i) judged.fail(i);
  EXPECT_EQ(judged.ejected_count(), 3u);
}

TEST(OutlierConsecutive, EjectsOneOfAFewUnlessTheCapIsZero) {
  OutlierOptions options = only_consecutive(1);
  options.max_ejection_percent = 10;
  Judged judged(3, options);
  EXPECT_TRUE(judged.fail(0));
  EXPECT_FALSE(judged.fail(1));
  options.max_ejection_percent = 0;
  Judged spared(3, options);
  EXPECT_FALSE(spared.fail(0));
}

// ---- Ejection, return, probing ----

TEST(OutlierEjection, LastsLongerEachTimeUpToTheMaximum) {
  OutlierOptions options = only_consecutive(1);
  options.base_ejection_time = 30s;
  options.max_ejection_time = 100s;
  Judged judged(3, options);
  for (const Duration expected : {30s, 60s, 90s, 100s, 100s}) {
    EXPECT_TRUE(judged.fail(1));
    EXPECT_EQ(judged.wait_for(1), expected);
  }
}

TEST(OutlierEjection, ShortensAgainWithEveryIntervalInService) {
  OutlierOptions options = only_consecutive(1);
  options.probe_successes = 0;
  Judged judged(3, options);
  judged.fail(1);
  judged.wait_for(1);
  judged.fail(1);
  judged.wait_for(1);  // two ejections
  judged.sweep();
  judged.fail(1);
  EXPECT_EQ(judged.wait_for(1), Duration(60s)) << "one was forgiven";
  judged.sweep();
  judged.sweep();
  judged.sweep();
  judged.fail(1);
  EXPECT_EQ(judged.wait_for(1), Duration(30s));
}

TEST(OutlierProbing, ReturnsAMemberOnProbationUntilEnoughCallsSucceed) {
  Judged judged(3, only_consecutive(5));
  judged.fail(1, 5);
  judged.wait_for(1);
  EXPECT_TRUE(judged.probing(1));
  judged.succeed(1, 2);
  EXPECT_TRUE(judged.probing(1));
  judged.succeed(1);
  EXPECT_FALSE(judged.probing(1));
  EXPECT_FALSE(judged.fail(1, 4)) << "as any other member";
}

TEST(OutlierProbing, EjectsAtTheFirstFailure) {
  Judged judged(3, only_consecutive(5));
  judged.fail(1, 5);
  judged.wait_for(1);
  judged.succeed(1);
  EXPECT_TRUE(judged.fail(1));
  EXPECT_TRUE(judged.ejected(1));
  EXPECT_FALSE(judged.probing(1));
}

TEST(OutlierProbing, IgnoresCallsFromBeforeTheEjection) {
  Judged judged(3, only_consecutive(5));
  judged.fail(1, 5);
  judged.wait_for(1);
  EXPECT_FALSE(judged.end_now(1, StatusCode::DeadlineExceeded, Origin::Local, 1min));
  EXPECT_TRUE(judged.probing(1));
}

TEST(OutlierProbing, CanBeTurnedOff) {
  OutlierOptions options = only_consecutive(5);
  options.probe_successes = 0;
  Judged judged(3, options);
  judged.fail(1, 5);
  judged.wait_for(1);
  EXPECT_FALSE(judged.probing(1));
  EXPECT_FALSE(judged.fail(1));
}

TEST(OutlierProbing, EjectsAMemberThatIsStillSlow) {
  Judged judged(5, only_latency());
  for (std::size_t i = 0; i < 5; ++i) judged.succeed(i, 20, i == 2 ? 500ms : 5ms);
  EXPECT_TRUE(judged.sweep());
  judged.wait_for(2);
  judged.succeed(2, 1, 500ms);
  EXPECT_FALSE(judged.ejected(2)) << "one slow call is chance";
  judged.succeed(2, 1, 500ms);
  EXPECT_TRUE(judged.ejected(2));
}

// ---- Success rate (gRFC A50) ----

TEST(OutlierSuccessRate, EjectsTheOneFarBelowTheMean) {
  Judged judged(10, only_success_rate());
  judged.serve_all(200);
  judged.serve(4, 0, 100);
  EXPECT_TRUE(judged.sweep());
  EXPECT_EQ(judged.ejected_count(), 1u);
  EXPECT_TRUE(judged.ejected(4));
}

TEST(OutlierSuccessRate, LeavesAloneWhatIsWithinTheDeviation) {
  Judged judged(10, only_success_rate());
  for (std::size_t i = 0; i < 10; ++i) judged.serve(i, 200 - 5 * static_cast<int>(i % 3), 5);
  EXPECT_FALSE(judged.sweep());
}

TEST(OutlierSuccessRate, EjectsNobodyWhereAllFailAlike) {
  Judged judged(10, only_success_rate());
  for (std::size_t i = 0; i < 10; ++i) judged.fail(i, 200);
  EXPECT_FALSE(judged.sweep());
}

TEST(OutlierSuccessRate, NeedsTheVolumeOfEnoughMembers) {
  Judged judged(5, only_success_rate());
  for (std::size_t i = 0; i < 5; ++i) i == 0 ? judged.fail(i, 99) : judged.succeed(i, 200);
  EXPECT_FALSE(judged.sweep()) << "four have the volume";
  for (std::size_t i = 0; i < 5; ++i) i == 0 ? judged.fail(i, 100) : judged.succeed(i, 200);
  // With one of five at 0 % and the rest at 100 %, it is two deviations below: 1.9 are needed.
  EXPECT_TRUE(judged.sweep());
}

TEST(OutlierSuccessRate, CountsAnIntervalOnly) {
  Judged judged(10, only_success_rate());
  judged.serve_all(60);
  judged.fail(4, 60);
  judged.sweep();
  judged.serve_all(60);
  EXPECT_FALSE(judged.sweep()) << "60 calls each time";
}

TEST(OutlierSuccessRate, EnforcesAsOftenAsItIsTold) {
  std::size_t ejected = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Judged judged(5, only_success_rate({.enforcement_percent = 30}), seed);
    judged.serve_all(100);
    judged.fail(0, 100);
    // 50 % against 100 %.
    if (judged.sweep()) ++ejected;
  }
  EXPECT_NEAR(static_cast<double>(ejected), 60, 20);
}

// ---- Failure percentage (gRFC A50) ----

TEST(OutlierFailurePercentage, EjectsAboveTheThreshold) {
  Judged judged(5, only_failure_percentage());
  judged.serve_all(100);
  judged.fail(1, 500);
  judged.sweep();
  EXPECT_FALSE(judged.ejected(1)) << "83 %";
  judged.serve_all(100);
  judged.fail(1, 600);
  EXPECT_TRUE(judged.sweep());
  EXPECT_TRUE(judged.ejected(1)) << "86 %";
  EXPECT_EQ(judged.ejected_count(), 1u);
}

TEST(OutlierFailurePercentage, EjectsTheWorstFirst) {
  OutlierOptions options = only_failure_percentage({.threshold_percent = 10});
  options.max_ejection_percent = 10;
  Judged judged(10, options);
  for (std::size_t i = 0; i < 10; ++i) judged.serve(i, 100, i == 7 ? 90 : 40);
  EXPECT_TRUE(judged.sweep());
  EXPECT_TRUE(judged.ejected(7));
  EXPECT_EQ(judged.ejected_count(), 1u);
}

// ---- Latency ----

TEST(OutlierLatency, EjectsAGreyInstance) {
  Judged judged(10, only_latency());
  for (std::size_t i = 0; i < 10; ++i) judged.succeed(i, 100, i == 3 ? 100ms : 1ms);
  EXPECT_TRUE(judged.sweep());
  EXPECT_TRUE(judged.ejected(3));
  EXPECT_EQ(judged.ejected_count(), 1u);
}

TEST(OutlierLatency, GathersTheFewCallsOfASlowMemberOverIntervals) {
  Judged judged(10, only_latency());
  for (int interval = 0; interval < 3; ++interval) {
    EXPECT_FALSE(judged.ejected(3));
    for (std::size_t i = 0; i < 10; ++i) {
      i == 3 ? judged.succeed(i, 4, 100ms) : judged.succeed(i, 100, 1ms);
    }
    judged.sweep();
  }
  EXPECT_TRUE(judged.ejected(3));
}

TEST(OutlierLatency, IsNotMovedByAFewLongCalls) {
  Judged judged(5, only_latency());
  for (std::size_t i = 0; i < 5; ++i) judged.succeed(i, 100, 1ms);
  judged.succeed(2, 30, 1h);
  EXPECT_FALSE(judged.sweep());
}

TEST(OutlierLatency, LeavesAloneWhatIsFastEnough) {
  Judged judged(5, only_latency());
  for (std::size_t i = 0; i < 5; ++i) judged.succeed(i, 100, i == 0 ? 4ms : 100us);
  EXPECT_FALSE(judged.sweep()) << "40 times slower, but below the minimum of 5 ms";
}

TEST(OutlierLatency, LeavesAloneWhatIsSlowLikeMostOthers) {
  for (const std::size_t slow : {1, 3, 4}) {
    Judged judged(4, only_latency({.minimum_hosts = 2}));
    for (std::size_t i = 0; i < 4; ++i) judged.succeed(i, 100, i < slow ? 1s : 1ms);
    judged.sweep();
    EXPECT_EQ(judged.ejected_count(), slow == 1 ? 1u : 0u) << slow << " of 4 are slow";
  }
}

TEST(OutlierLatency, CountsCallsThatWereGivenUpLateAsSlow) {
  Judged judged(5, only_latency());
  for (std::size_t i = 0; i < 5; ++i) judged.succeed(i, 20, 1ms);
  judged.sweep();
  // Hedging cancels the slow one's calls after 50 ms, and some others' at once.
  for (std::size_t i = 0; i < 5; ++i) {
    for (int call = 0; call < 20; ++call) {
      if (i != 3) judged.succeed(i, 1, 1ms);
      judged.end(i, StatusCode::Cancelled, Origin::Local, i == 3 ? 50ms : Duration(10us));
    }
  }
  judged.sweep();
  EXPECT_TRUE(judged.ejected(3));
  EXPECT_EQ(judged.ejected_count(), 1u);
}

TEST(OutlierLatency, SeesAChangeSoonWhereItHadWaitedForOthers) {
  Judged judged(3, only_latency());
  for (int interval = 0; interval < 100; ++interval) {
    judged.succeed(0, 100, 1ms);  // alone for a long time
    judged.sweep();
  }
  for (std::size_t i = 0; i < 3; ++i) judged.succeed(i, 150, i == 0 ? 200ms : 1ms);
  judged.sweep();
  EXPECT_TRUE(judged.ejected(0));
}

TEST(LatencyCounts, GivePercentilesToAnEighth) {
  LatencyCounts counts;
  for (int i = 1; i <= 1000; ++i) counts.add(std::chrono::microseconds(i * 10));
  for (const double percent : {1.0, 10.0, 50.0, 90.0, 99.0}) {
    const double exact = percent * 100'000;
    EXPECT_NEAR(static_cast<double>(counts.percentile(percent).count()), exact, exact / 8)
        << percent;
  }
  LatencyCounts extremes;
  extremes.add(-1s);
  EXPECT_LT(extremes.percentile(50), 1us);
  extremes.clear();
  extremes.add(24h * 365);
  EXPECT_GT(extremes.percentile(50), 24h);
}

// ---- Options ----

TEST(OutlierOptions, AreRefusedByNameValueAndLimit) {
  EXPECT_TRUE(OutlierOptions().valid().ok());
  const auto refused = [](const auto& change, const char* why) {
    OutlierOptions options;
    options.failure_percentage.emplace();
    change(options);
    const Status status = options.valid();
    EXPECT_EQ(status.code(), StatusCode::InvalidArgument) << why;
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
  };
  refused([](auto& o) { o.interval = 0s; }, "interval is 0s, and not above 0s");
  refused([](auto& o) { o.base_ejection_time = -1s; }, "base_ejection_time is -1s");
  refused([](auto& o) { o.max_ejection_time = -1s; }, "max_ejection_time is -1s");
  refused([](auto& o) { o.max_ejection_percent = 101; },
          "max_ejection_percent is 101, and not 0 to 100");
  refused([](auto& o) { o.consecutive_failures->count = 0; }, "consecutive_failures.count is 0");
  refused([](auto& o) { o.success_rate->stdev_factor = -1; }, "success_rate.stdev_factor is -1");
  refused([](auto& o) { o.success_rate->enforcement_percent = 200; },
          "success_rate.enforcement_percent is 200");
  refused([](auto& o) { o.failure_percentage->threshold_percent = 101; },
          "failure_percentage.threshold_percent is 101");
  refused([](auto& o) { o.failure_percentage->enforcement_percent = 101; },
          "failure_percentage.enforcement_percent is 101");
  refused([](auto& o) { o.latency->factor = 1; }, "latency.factor is 1");
  refused([](auto& o) { o.latency->percentile = 100; }, "latency.percentile is 100");
  refused([](auto& o) { o.latency->minimum = -1s; }, "latency.minimum is -1s");
  refused([](auto& o) { o.latency->minimum_hosts = 1; }, "latency.minimum_hosts is 1");
  refused([](auto& o) { o.latency->request_volume = 0; }, "latency.request_volume is 0");
}

}  // namespace
}  // namespace weft::cluster
