#include "weft/middleware/reports/load_report.h"

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <sched.h>
#include <time.h>

#include "weft/base/fork_mutex.h"
#include "weft/cluster/endpoints/outlier.h"
#include "weft/coro/frame/exception.h"
#include "weft/middleware/internal/unusable.h"
#include "weft/net/loop/loop_local.h"

namespace weft {
namespace {

constexpr Duration kShortestWindow = std::chrono::milliseconds(100);
constexpr int kRefreshesPerWindow = 10;

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Processor time against time, since it was last asked. Both are the system's, whatever the loops'
/// clocks are: it is about the machine.
class ProcessorUse {
 public:
  double operator()() {
    const double wall = seconds_of(CLOCK_MONOTONIC);
    const double used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    const double share = wall > wall_ ? (used - used_) / ((wall - wall_) * processors_) : 0;
    wall_ = wall;
    used_ = used;
    return share;
  }

 private:
  static double processors() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    // More than a set holds (1024) is the only error; then one is as good a guess as any.
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
    return CPU_COUNT(&allowed);
  }
  double processors_ = processors();
  double wall_ = seconds_of(CLOCK_MONOTONIC);
  double used_ = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
};

struct Counts {
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
};

/// The process's load, as all loops make it up.
class ProcessLoad {
 public:
  explicit ProcessLoad(LoadReportOptions options) : options_(std::move(options)) {
    if (!options_.cpu_utilization) options_.cpu_utilization = ProcessorUse();
  }

  Duration refresh_interval() const { return options_.window / kRefreshesPerWindow; }

  /// Adds what a loop has counted, and gives the report for its next calls; empty: none yet.
  std::string exchange(Counts counted, TimePoint now) {
    const std::lock_guard lock(mutex_);
    counts_.calls += counted.calls;
    counts_.errors += counted.errors;
    if (began_ == TimePoint{}) began_ = now;
    if (now - began_ >= options_.window) measure(now);
    return report_;
  }

 private:
  void measure(TimePoint now) {
    const double seconds = std::chrono::duration<double>(now - began_).count();
    cluster::LoadReport load;
    load.cpu_utilization = options_.cpu_utilization();
    if (options_.application_utilization) {
      load.application_utilization = options_.application_utilization();
    }
    load.rps_fractional = static_cast<double>(counts_.calls) / seconds;
    load.eps = static_cast<double>(counts_.errors) / seconds;
    report_ = write_load_report(load);
    counts_ = {};
    began_ = now;
  }

  LoadReportOptions options_;
  ForkMutex mutex_;
  TimePoint began_{};
  Counts counts_;
  std::string report_;
};

/// What a loop has counted since it last gave that away, and the report it got for it.
struct LoopLoad {
  Counts counts;
  TimePoint refresh_at{};
  std::string report;
};

struct Shared {
  explicit Shared(LoadReportOptions options) : process(std::move(options)) {}
  ProcessLoad process;
  net::LoopLocal<LoopLoad> loops;
};

struct LoadReporting {
  std::shared_ptr<Shared> shared;

  Task<Status> operator()(Call& call, Next next) const { return run(*shared, call, next); }

 private:
  static Task<Status> run(Shared& shared, Call& call, Next next) {
    Status status;
    try {
      status = co_await next(call);
    } catch (...) {
      status = coro::status_of_current_exception(call.path());
    }
    LoopLoad& load = shared.loops.of(call.loop());
    ++load.counts.calls;
    if (cluster::verdict_of(status.code(), Origin::Peer) == cluster::Verdict::Failure) {
      ++load.counts.errors;
    }
    const TimePoint now = call.loop().now();
    if (now >= load.refresh_at) {
      load.report = shared.process.exchange(std::exchange(load.counts, {}), now);
      load.refresh_at = now + shared.process.refresh_interval();
    }
    if (!load.report.empty() && !call.trailers().get(kLoadReportTrailer)) {
      call.trailers().add(kLoadReportTrailer, load.report);
    }
    co_return status;
  }
};

}  // namespace

Status validate(const LoadReportOptions& options) {
  if (options.window >= kShortestWindow) return {};
  return middleware::impossible("LoadReportOptions::window", to_string(options.window),
                                "must be at least 100ms");
}

Middleware load_report(LoadReportOptions options) {
  Status valid = validate(options);
  if (!valid.ok()) return middleware::unusable(std::move(valid));
  return LoadReporting{std::make_shared<Shared>(std::move(options))};
}

}  // namespace weft
