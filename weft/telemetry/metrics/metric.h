#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "weft/base/fork_mutex.h"
#include "weft/telemetry/metrics/declaration.h"
#include "weft/telemetry/metrics/series.h"

namespace weft::telemetry {

/// Where a callback of an observed metric leaves what it has read.
class Readings {
 public:
  /// `labels` in the order of the declaration; missing ones are empty.
  void add(double value, std::span<const std::string_view> labels = {});

  struct One {
    std::vector<std::string> labels;
    double value;
  };
  /// One for each set of labels: values that were added for the same one are added up.
  const std::vector<One>& all() const noexcept { return all_; }
  static constexpr std::size_t kNone = SIZE_MAX;
  /// The place in all() of the one with these labels; kNone where there is none.
  std::size_t find(std::span<const std::string> labels) const;
  /// How many were beyond the metric's max_series.
  std::size_t dropped() const noexcept { return dropped_; }

 private:
  friend class Metric;
  Readings(std::size_t labels, std::size_t most) noexcept : labels_(labels), most_(most) {}
  std::size_t labels_;
  std::size_t most_;
  std::size_t dropped_ = 0;
  std::vector<One> all_;
  std::unordered_map<std::string, std::size_t> by_key_;
};

/// Reads values when a metric is collected: quick, from any thread, and without registering or
/// removing callbacks.
using ReadFunction = std::function<void(Readings&)>;

/// A metric with its series. Lives as long as its registry. From any thread.
class Metric {
 public:
  Metric(const Declaration& declaration, Bounds* bounds);
  Metric(const Metric&) = delete;
  Metric& operator=(const Metric&) = delete;

  const Declaration& declaration() const noexcept { return declaration_; }
  const std::string& prometheus() const noexcept { return prometheus_; }
  /// Whether `other` means the same: kind, unit, labels and bounds.
  bool is_same(const Declaration& other) const noexcept;
  /// "a counter of unit '{order}' with the labels shop.kind, shop.paid".
  std::string describe() const;

  /// The series of these values, made at first use; beyond max_series the one of all that overflow.
  internal::Series::Ref with(std::span<const std::string_view> values);
  /// Takes a series out of what is collected, and counts it no more; who has a handle may go on
  /// using it, for nothing. False where there is none.
  bool remove(std::span<const std::string_view> values);
  /// Calls that got the series for overflow instead of one of their own.
  std::uint64_t overflowed() const noexcept { return overflowed_.load(std::memory_order_relaxed); }

  /// Reads values of a counter or a gauge at each collection, as long as the result is kept. Its
  /// destructor waits for a call that is under way.
  class Observation;
  std::unique_ptr<Observation> observe(ReadFunction read);

  // For collections.
  /// The number that the next series will have.
  std::uint64_t next_number() const noexcept;
  /// Copies some series that had been made `before`, from a place on, 0 at first. The place to go
  /// on at; 0 at the end.
  std::size_t copy_series(std::size_t from, std::uint64_t before,
                          std::vector<internal::Series::Ref>& to) const;
  /// Calls the callbacks.
  Readings read();

 private:
  struct Callback {
    ForkMutex mutex;  // held while it runs, and while it goes
    ReadFunction read;
  };
  /// What declarations point to.
  struct Text {
    std::string name, unit, description;
    std::vector<std::string> labels;
    std::vector<std::string_view> views;
    std::vector<double> bounds;
  };
  internal::Series::Ref overflow();
  void say_overflow();

  Text text_;
  Declaration declaration_;
  std::string prometheus_;
  std::shared_ptr<internal::Shape> shape_;

  mutable ForkMutex mutex_;
  std::unordered_map<std::string, std::size_t> by_key_;  // place in series_
  // Places do not change, so that a collection may go through them bit by bit. Null: free.
  std::vector<internal::Series::Ref> series_;
  std::vector<std::size_t> free_;
  std::uint64_t next_number_ = 1;
  internal::Series::Ref overflow_;
  std::atomic<std::uint64_t> overflowed_{0};
  std::vector<std::shared_ptr<Callback>> callbacks_;
};

class Metric::Observation {
 public:
  Observation(Metric& metric, std::shared_ptr<Callback> callback) noexcept
      : metric_(metric), callback_(std::move(callback)) {}
  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;
  ~Observation();

 private:
  Metric& metric_;
  std::shared_ptr<Callback> callback_;
};

}  // namespace weft::telemetry
