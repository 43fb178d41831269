#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"

#include "tools/weft/bench/report/histogram.h"

namespace weft::cli::bench {

inline constexpr std::size_t kCodes = 17;

/// What became of the calls of one method, or in a stream of its messages.
struct MethodStats {
  Histogram ok;      ///< latency of those that ended with OK
  Histogram failed;  ///< and of the others
  std::array<std::uint64_t, kCodes> codes{};
  std::array<std::string, kCodes> samples;  ///< the message of the first of each code
  std::uint64_t bytes_sent = 0;             ///< of messages, before compression and framing
  std::uint64_t bytes_received = 0;

  void record(Duration latency, const Status& status, std::size_t sent, std::size_t received) {
    bytes_sent += sent;
    bytes_received += received;
    if (status.ok()) [[likely]] {
      ++codes[0];
      ok.record(latency);
    } else {
      record_failure(latency, status);
    }
  }
  void merge(const MethodStats& other);
  std::uint64_t calls() const noexcept { return ok.count() + failed.count(); }

 private:
  void record_failure(Duration latency, const Status& status);
};

/// A piece of the time line.
struct Interval {
  Histogram::Buckets ok;
  std::uint64_t errors = 0;

  void merge(const Interval& other);
};

/// How a run went over time: its intervals in order, of one length, which doubles whenever there
/// are too many of them to be drawn.
class TimeLine {
 public:
  static constexpr std::size_t kMost = 400;

  explicit TimeLine(Duration interval) noexcept : interval_(interval) {}
  /// Adds to the interval that began `at` after the start.
  void add(Duration at, const Interval& interval);

  Duration interval() const noexcept { return interval_; }
  const std::vector<Interval>& intervals() const noexcept { return intervals_; }

 private:
  Duration interval_;
  std::vector<Interval> intervals_;
};

/// What a run, or one thread of it, has measured.
struct Measurement {
  explicit Measurement(std::size_t methods) : methods(methods) {}

  std::vector<MethodStats> methods;  ///< in the order of the command line
  Duration window{};                 ///< from the first measured call to the end
  std::uint64_t within = 0;          ///< calls that ended within the window
  Duration cpu{};                    ///< of the threads that made the calls
  std::uint64_t unfinished = 0;      ///< cancelled at the end, and in no other figure
  std::uint64_t not_begun = 0;       ///< open loop: due before the end, with no room till then
  std::uint64_t dropped = 0;         ///< open loop: due when the backlog was full
  std::uint64_t largest_backlog = 0;

  /// Adds what another thread has measured at the same time.
  void merge(const Measurement& other);
  MethodStats total() const;
  double rate() const noexcept;
};

}  // namespace weft::cli::bench
