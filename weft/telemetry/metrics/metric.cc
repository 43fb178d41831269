#include "weft/telemetry/metrics/metric.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "weft/base/log.h"

namespace weft::telemetry {
namespace {

using internal::Series;
using internal::Shape;

/// Values as one text. The separator is no byte of UTF-8.
std::string key_of(std::span<const std::string> values) {
  std::string key;
  for (const std::string& value : values) key.append(value).push_back('\xff');
  return key;
}

std::vector<std::string> kept_values(std::span<const std::string_view> values, std::size_t count) {
  std::vector<std::string> kept;
  kept.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    kept.push_back(valid_text(i < values.size() ? values[i] : std::string_view(), kMaxLabelValue));
  }
  return kept;
}

}  // namespace

void Readings::add(double value, std::span<const std::string_view> labels) {
  std::vector<std::string> kept = kept_values(labels, labels_);
  std::string key = key_of(kept);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    all_[found->second].value += value;
  } else if (all_.size() >= most_) {
    ++dropped_;
  } else {
    by_key_.emplace(std::move(key), all_.size());
    all_.push_back({std::move(kept), value});
  }
}

std::size_t Readings::find(std::span<const std::string> labels) const {
  const auto found = by_key_.find(key_of(labels));
  return found == by_key_.end() ? kNone : found->second;
}

Metric::Metric(const Declaration& declaration, Bounds* bounds)
    : text_{.name = std::string(declaration.name),
            .unit = std::string(declaration.unit),
            .description = valid_text(declaration.description, kMaxDescription),
            .labels = {declaration.labels.begin(), declaration.labels.end()},
            .views = {},
            .bounds = {declaration.bounds.begin(), declaration.bounds.end()}},
      declaration_(declaration),
      prometheus_(prometheus_name(declaration)),
      shape_(std::make_shared<Shape>()) {
  text_.views.assign(text_.labels.begin(), text_.labels.end());
  declaration_.name = text_.name;
  declaration_.unit = text_.unit;
  declaration_.description = text_.description;
  declaration_.labels = text_.views;
  declaration_.bounds = text_.bounds;
  shape_->kind = declaration.kind;
  if (bounds == nullptr) return;
  shape_->words = bounds->buckets() + 1;
  shape_->bounds = std::move(*bounds);
}

bool Metric::is_same(const Declaration& other) const noexcept {
  return declaration_.kind == other.kind && declaration_.unit == other.unit &&
         std::ranges::equal(declaration_.labels, other.labels) &&
         std::ranges::equal(declaration_.bounds, other.bounds);
}

Series::Ref Metric::with(std::span<const std::string_view> values) {
  std::vector<std::string> kept = kept_values(values, declaration_.labels.size());
  std::string key = key_of(kept);
  std::unique_lock lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) return series_[found->second];
  if (by_key_.size() >= declaration_.max_series) {
    Series::Ref all = overflow();
    lock.unlock();
    // A sink of the log may have metrics.
    if (overflowed_.fetch_add(1, std::memory_order_relaxed) == 0) say_overflow();
    return all;
  }
  if (free_.empty()) {
    free_.push_back(series_.size());
    series_.emplace_back();
  }
  const std::size_t place = free_.back();
  Series::Ref made(new Series(shape_, std::move(kept), next_number_));
  by_key_.emplace(std::move(key), place);
  ++next_number_;
  free_.pop_back();
  series_[place] = made;
  return made;
}

Series::Ref Metric::overflow() {
  if (!overflow_) {
    overflow_ =
        Series::Ref(new Series(shape_, std::vector<std::string>(declaration_.labels.size()), 0));
  }
  return overflow_;
}

[[gnu::cold]] void Metric::say_overflow() {
  log(LogLevel::Warn, "metric '" + text_.name + "' has reached its limit of " +
                          std::to_string(declaration_.max_series) +
                          " label sets (Declaration::max_series); further ones are counted "
                          "together, with the label otel.metric.overflow");
}

bool Metric::remove(std::span<const std::string_view> values) {
  const std::string key = key_of(kept_values(values, declaration_.labels.size()));
  Series::Ref removed;  // goes after the lock
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return false;
  free_.push_back(found->second);
  removed = std::exchange(series_[found->second], Series::Ref());
  by_key_.erase(found);
  return true;
}

std::unique_ptr<Metric::Observation> Metric::observe(ReadFunction read) {
  auto callback = std::make_shared<Callback>();
  callback->read = std::move(read);
  const std::lock_guard lock(mutex_);
  callbacks_.push_back(callback);
  return std::make_unique<Observation>(*this, std::move(callback));
}

Metric::Observation::~Observation() {
  {
    const std::lock_guard lock(metric_.mutex_);
    std::erase(metric_.callbacks_, callback_);
  }
  const std::lock_guard running(callback_->mutex);
  callback_->read = nullptr;
}

std::uint64_t Metric::next_number() const noexcept {
  const std::lock_guard lock(mutex_);
  return next_number_;
}

std::size_t Metric::copy_series(std::size_t from, std::uint64_t before,
                                std::vector<Series::Ref>& to) const {
  // What a thread that makes a series waits for at most.
  constexpr std::size_t kAtATime = 64;
  const std::lock_guard lock(mutex_);
  const std::size_t end = std::min(from + kAtATime, series_.size());
  for (std::size_t place = from; place < end; ++place) {
    if (series_[place] && series_[place]->number() < before) to.push_back(series_[place]);
  }
  if (end < series_.size()) return end;
  if (overflow_) to.push_back(overflow_);
  return 0;
}

Readings Metric::read() {
  std::vector<std::shared_ptr<Callback>> callbacks;
  {
    const std::lock_guard lock(mutex_);
    callbacks = callbacks_;
  }
  Readings readings(declaration_.labels.size(), declaration_.max_series);
  for (const std::shared_ptr<Callback>& callback : callbacks) {
    const std::lock_guard running(callback->mutex);
    if (callback->read) callback->read(readings);
  }
  return readings;
}

std::string Metric::describe() const {
  std::string text = (declaration_.kind == MetricKind::UpDownCounter ? "an " : "a ") +
                     std::string(name_of(declaration_.kind));
  text.append(" of unit '").append(text_.unit).append("'");
  for (std::size_t i = 0; i < text_.labels.size(); ++i) {
    text.append(i == 0 ? " with the labels " : ", ").append(text_.labels[i]);
  }
  if (text_.labels.empty()) text.append(" without labels");
  if (!text_.bounds.empty())
    text.append(" and ").append(std::to_string(text_.bounds.size())).append(" bounds");
  return text;
}

}  // namespace weft::telemetry
