#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "weft/base/result.h"
#include "weft/coro/task.h"

#include "tools/weft/bench/load/load_worker.h"
#include "tools/weft/bench/load/measurement.h"

namespace weft::cli::bench {

/// A run's figures and its time line.
struct LoadResult {
  Measurement measured;
  TimeLine time_line;
  bool interrupted = false;
};

/// How far a run is.
struct LoadProgress {
  bool warming_up = false;
  Duration passed{};        ///< since the first measured call
  std::uint64_t calls = 0;  ///< that were measured so far
  std::uint64_t errors = 0;
  double rate = 0;  ///< calls per second lately
  Duration p99{};   ///< lately; 0 where no call ended
};
using ProgressFunction = std::function<void(const LoadProgress&)>;

/// Runs a plan of the whole on `threads` threads: connects all, then starts them at the same time.
/// Cancelling the context ends the run early; what was measured until then is the result. Not OK
/// when a connection cannot be made. `mix` must outlive the task.
Task<Result<LoadResult>> run_load(const CallMix& mix, LoadPlan plan, std::size_t threads,
                                  ProgressFunction progress);

/// The part of the thread `index` of `threads`: its share of connections, calls and rate.
LoadPlan part_of(const LoadPlan& whole, std::size_t index, std::size_t threads);

}  // namespace weft::cli::bench
