#include "weft/telemetry/trace/tracer.h"

#include <iterator>
#include <mutex>
#include <utility>

#include "weft/telemetry/trace/internal/span_ring.h"

namespace weft::telemetry {

Tracer::Tracer(TracerOptions options) : options_(options) {}
Tracer::~Tracer() = default;

Status Tracer::set_sampling(const Sampling& sampling) {
  Status valid = sampling.valid();
  if (valid.ok()) sampler_.set(sampling);
  return valid;
}

internal::SpanRing& Tracer::make_ring(std::uint32_t slot) {
  const std::lock_guard lock(mutex_);
  auto& place = rings_[slot < internal::kMaxSlots ? slot : internal::kMaxSlots];
  if (place.load(std::memory_order_relaxed) == nullptr) {
    all_.push_back(std::make_unique<internal::SpanRing>(
        internal::SpanRing::Limits{.held = options_.held_spans,
                                   .queued = options_.queued_spans,
                                   .queue_bytes = options_.queue_bytes}));
    place.store(all_.back().get(), std::memory_order_release);
  }
  return *place.load(std::memory_order_relaxed);
}

void Tracer::drain_one(std::vector<SpanRecord>& out) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < all_.size() && out.empty(); ++i) {
    next_ = (next_ + 1) % all_.size();
    if (all_[next_]->queued() != 0) all_[next_]->take(out);
  }
}

void Tracer::drain(std::vector<SpanRecord>& out) {
  std::vector<SpanRecord> one;
  for (drain_one(one); !one.empty(); drain_one(one)) {
    out.insert(out.end(), std::make_move_iterator(one.begin()), std::make_move_iterator(one.end()));
    one.clear();
  }
}

void Tracer::set_wake(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

void Tracer::wake() noexcept {
  const std::lock_guard lock(mutex_);
  if (wake_) wake_();
}

TracerStats Tracer::stats() const noexcept {
  const std::lock_guard lock(mutex_);
  TracerStats sum;
  for (const auto& ring : all_) {
    sum.kept += ring->kept();
    sum.dropped += ring->dropped();
    sum.queued += ring->queued();
  }
  return sum;
}

const std::string* Tracer::intern(std::string_view text) {
  static const std::string kOther = "other";
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(text);
  if (found != names_.end()) return &*found;
  if (names_.size() >= kMaxNames) return &kOther;
  return &*names_.emplace(text).first;
}

Tracer& tracer() {
  static auto& process = *new Tracer;
  return process;
}

}  // namespace weft::telemetry
