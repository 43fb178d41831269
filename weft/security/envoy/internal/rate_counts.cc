#include "weft/security/envoy/internal/rate_counts.h"

#include <chrono>
#include <mutex>

namespace weft::security::internal {
namespace {

constexpr Duration kBetweenSweeps = std::chrono::seconds(1);

}  // namespace

std::optional<RateCounts::Count> RateCounts::add(const std::string& key, std::uint64_t calls,
                                                 TimePoint now, Duration span) {
  // The map takes the low bits.
  Part& part = parts_[(KeyedHash()(key) >> 32U) % kParts];
  const std::lock_guard lock(part.mutex);
  auto at = part.counts.find(key);
  if (at == part.counts.end()) {
    if (part.counts.size() >= most_of_part_) sweep(part, now);
    if (part.counts.size() >= most_of_part_) return std::nullopt;
    at = part.counts.try_emplace(key).first;
    at->second.ends = now + span;
  } else if (now >= at->second.ends) {
    at->second = {.calls = 0, .ends = now + span};
  }
  at->second.calls += calls;
  return at->second;
}

void RateCounts::sweep(Part& part, TimePoint now) {
  if (now < part.sweep_at) return;
  part.sweep_at = now + kBetweenSweeps;
  std::erase_if(part.counts, [now](const auto& each) { return now >= each.second.ends; });
}

std::size_t RateCounts::size() const {
  std::size_t size = 0;
  for (const Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    size += part.counts.size();
  }
  return size;
}

}  // namespace weft::security::internal
