#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "weft/rpc/call/observer.h"
#include "weft/telemetry/metrics/families.h"

namespace weft::telemetry::internal {

/// Counts what policies do, by policy and event, without a lock once an event has come before: the
/// names are static text, so their addresses find the counter.
class EventCounters {
 public:
  explicit EventCounters(Metric& metric) noexcept : metric_(metric) {}
  EventCounters(const EventCounters&) = delete;
  EventCounters& operator=(const EventCounters&) = delete;
  ~EventCounters() {
    for (auto& place : places_) delete place.load(std::memory_order_acquire);
  }

  void count(const PolicyEvent& event) noexcept {
    std::size_t at = home_of(event);
    for (std::size_t tries = 0; tries < kPlaces; ++tries, at = (at + 1) % kPlaces) {
      const Known* known = places_[at].load(std::memory_order_acquire);
      if (known == nullptr) known = add(at, event);
      if (known->policy.data() == event.policy.data() &&
          known->event.data() == event.event.data()) {
        return known->counter.add();
      }
    }
    // More events than weft has: those of others.
    const std::array<std::string_view, 2> labels{event.policy, event.event};
    metric_.with(labels)->count(1);
  }

 private:
  struct Known {
    Known(std::string_view of, std::string_view what, Counter with)
        : policy(of), event(what), counter(std::move(with)) {}
    std::string_view policy;
    std::string_view event;
    Counter counter;
  };
  static constexpr std::size_t kPlaces = 128;

  static std::size_t home_of(const PolicyEvent& event) noexcept {
    const auto bits = reinterpret_cast<std::uintptr_t>(event.policy.data()) * 31 +
                      reinterpret_cast<std::uintptr_t>(event.event.data());
    return (bits * 0x9e3779b97f4a7c15U >> 32) % kPlaces;
  }
  /// Of this event, or of another that was added meanwhile.
  const Known* add(std::size_t at, const PolicyEvent& event) {
    const std::array<std::string_view, 2> labels{event.policy, event.event};
    auto made = std::make_unique<Known>(event.policy, event.event, Counter(metric_.with(labels)));
    Known* other = nullptr;
    if (!places_[at].compare_exchange_strong(other, made.get(), std::memory_order_acq_rel))
      return other;
    return made.release();
  }

  Metric& metric_;
  std::array<std::atomic<Known*>, kPlaces> places_{};
};

}  // namespace weft::telemetry::internal
