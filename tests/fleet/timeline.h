#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"

namespace weft::fleet {

/// What the callers saw, by the second in which a call began.
class Timeline {
 public:
  explicit Timeline(TimePoint begin) noexcept : begin_(begin) {}

  void begun(TimePoint when);
  void ended(TimePoint begun, TimePoint when, const Status& status);

  std::size_t calls() const noexcept { return calls_; }
  std::size_t open() const noexcept { return open_; }
  std::size_t succeeded() const noexcept { return succeeded_; }
  std::size_t failed() const noexcept { return calls_ - open_ - succeeded_; }
  const std::map<StatusCode, std::size_t>& failures() const noexcept { return failures_; }
  /// The text of one of them.
  const std::string& example() const noexcept { return example_; }

  /// Within [from, to) seconds of the beginning.
  std::size_t failed(std::size_t from, std::size_t to) const;
  /// OK within `limit` of its beginning.
  std::size_t good(std::size_t from, std::size_t to, Duration limit) const;
  /// Milliseconds; of the calls that succeeded.
  double quantile(double share, std::size_t from, std::size_t to) const;
  std::vector<double> quantile_by_second(double share) const;
  std::vector<double> good_by_second(Duration limit) const;
  std::size_t seconds() const noexcept { return buckets_.size(); }

 private:
  struct Bucket {
    std::vector<Duration> times;  // of those that succeeded
    std::size_t failed = 0;
  };
  Bucket& at(TimePoint when);

  TimePoint begin_;
  std::vector<Bucket> buckets_;
  std::size_t calls_ = 0;
  std::size_t open_ = 0;
  std::size_t succeeded_ = 0;
  std::map<StatusCode, std::size_t> failures_;
  std::string example_;
};

}  // namespace weft::fleet
