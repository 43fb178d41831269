#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weft/base/status.h"
#include "weft/telemetry/metrics/metric.h"

namespace weft::telemetry {

/// A label of a metric: its name, and the type of its values: text, integers, bool, StatusCode, and
/// enums with a function `std::string_view name_of(E)` beside them.
template <class T>
struct Label {
  std::string_view name;
};

struct MetricOptions {
  std::string_view name;
  std::string_view unit{};
  std::string_view description{};
  /// Of a histogram.
  std::span<const double> bounds{};
  std::size_t max_series = kMaxSeries;
};

namespace internal {

/// A label's value as text, which may be in it.
template <class T>
class LabelText {
 public:
  explicit LabelText(const T& value) noexcept {
    if constexpr (std::convertible_to<const T&, std::string_view>) {
      text_ = value;
    } else if constexpr (std::same_as<T, bool>) {
      text_ = value ? "true" : "false";
    } else if constexpr (std::integral<T>) {
      const auto [end, error] =
          std::to_chars(digits_.data(), digits_.data() + digits_.size(), value);
      text_ = std::string_view(digits_.data(), static_cast<std::size_t>(end - digits_.data()));
    } else {
      text_ = name_of(value);
    }
  }
  LabelText(const LabelText&) = delete;
  LabelText& operator=(const LabelText&) = delete;
  std::string_view view() const noexcept { return text_; }

 private:
  std::array<char, 24> digits_;
  std::string_view text_;
};

/// Calls `use` with the texts of `values`.
template <class Use, class... Ts>
auto with_texts(Use use, const Ts&... values) {
  return [&use](const LabelText<Ts>&... texts) {
    const std::array<std::string_view, sizeof...(Ts)> views{texts.view()...};
    return use(std::span<const std::string_view>(views));
  }(LabelText<Ts>(values)...);
}

}  // namespace internal

// Handles: a series, found once. Copies are cheap to use and cost an atomic operation to make. They
// may be used on any thread, also when their series has been removed or the registry has gone; then
// what they record is lost.

/// Counts up.
class Counter {
 public:
  Counter() noexcept = default;
  explicit Counter(internal::Series::Ref series) noexcept : series_(std::move(series)) {}
  void add(std::uint64_t more = 1) const noexcept { series_->count(more); }
  /// As add(), and keeps a trace that is sampled as an example.
  void add(std::uint64_t more, const TraceContext& trace) const noexcept;
  /// What all threads have counted.
  std::uint64_t value() const noexcept { return series_->total(); }

 private:
  internal::Series::Ref series_;
};

/// Counts up and down, each on any thread.
class UpDownCounter {
 public:
  UpDownCounter() noexcept = default;
  explicit UpDownCounter(internal::Series::Ref series) noexcept : series_(std::move(series)) {}
  void add(std::int64_t more) const noexcept { series_->count(static_cast<std::uint64_t>(more)); }
  std::int64_t value() const noexcept { return static_cast<std::int64_t>(series_->total()); }

 private:
  internal::Series::Ref series_;
};

/// Has the value that was set last, by whichever thread: one store to a place that threads share.
class Gauge {
 public:
  Gauge() noexcept = default;
  explicit Gauge(internal::Series::Ref series) noexcept : series_(std::move(series)) {}
  void set(double value) const noexcept { series_->set(value); }
  double value() const noexcept { return series_->value(); }

 private:
  internal::Series::Ref series_;
};

/// Counts values by buckets.
class Histogram {
 public:
  Histogram() noexcept = default;
  explicit Histogram(internal::Series::Ref series) noexcept : series_(std::move(series)) {}
  /// A value that is not finite is not counted.
  void record(double value) const noexcept {
    if (std::isfinite(value)) [[likely]]
      series_->record(value);
  }
  /// As record(), of a value that is known to be finite.
  void record_finite(double value) const noexcept { series_->record(value); }
  /// As record(), and keeps a trace that is sampled as an example.
  void record(double value, const TraceContext& trace) const noexcept {
    record(value);
    if (trace.sampled()) [[unlikely]]
      keep(value, trace);
  }
  std::uint64_t count() const noexcept;
  double sum() const noexcept;

 private:
  void keep(double value, const TraceContext& trace) const noexcept;
  internal::Series::Ref series_;
};

/// The series of a metric with the labels `Ts`.
template <class Handle, class... Ts>
class Family {
 public:
  explicit Family(Metric& metric) noexcept : metric_(&metric) {}

  /// The series of these values, made at first use. Looks it up under a lock: keep the handle.
  Handle with(const Ts&... values) const {
    return Handle(
        internal::with_texts([this](auto texts) { return metric_->with(texts); }, values...));
  }
  /// Takes a series out of what is collected: for what no longer exists. Handles stay usable, and
  /// what they record is lost. False where there is no such series.
  bool remove(const Ts&... values) const {
    return internal::with_texts([this](auto texts) { return metric_->remove(texts); }, values...);
  }
  Metric& metric() const noexcept { return *metric_; }

 protected:
  Metric* metric_;
};

/// Reads a family's values when it is collected, until it is destroyed.
using Observation = std::unique_ptr<Metric::Observation>;

/// What a callback of an observed family reports to.
template <class... Ts>
class Report {
 public:
  explicit Report(Readings& readings) noexcept : readings_(readings) {}
  void operator()(double value, const Ts&... labels) {
    internal::with_texts(
        [&](auto texts) {
          readings_.add(value, texts);
          return 0;
        },
        labels...);
  }

 private:
  Readings& readings_;
};

/// Adds observe() to a family: `read` is called with a Report<Ts...>& at each collection, on the
/// thread that collects, until the observation is destroyed, which waits for a call under way.
template <class Handle, class... Ts>
class ObservedFamily : public Family<Handle, Ts...> {
 public:
  using Family<Handle, Ts...>::Family;
  template <class Read>
  Observation observe(Read read) const {
    return this->metric_->observe([read = std::move(read)](Readings& readings) mutable {
      Report<Ts...> report(readings);
      read(report);
    });
  }
};

template <class... Ts>
using CounterFamily = ObservedFamily<Counter, Ts...>;
template <class... Ts>
using UpDownFamily = ObservedFamily<UpDownCounter, Ts...>;
template <class... Ts>
using GaugeFamily = ObservedFamily<Gauge, Ts...>;
template <class... Ts>
using HistogramFamily = Family<Histogram, Ts...>;

}  // namespace weft::telemetry
