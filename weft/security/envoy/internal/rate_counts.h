#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "weft/base/fork_mutex.h"
#include "weft/base/time.h"
#include "weft/security/internal/keyed_hash.h"

namespace weft::security::internal {

/// Counts of calls by keys, each of a span of time that begins when the one before has ended; at
/// most so many. From any thread, in sixteen parts with a lock each.
class RateCounts {
 public:
  explicit RateCounts(std::size_t most) : most_of_part_((most + kParts - 1) / kParts) {}

  struct Count {
    std::uint64_t calls = 0;  ///< these among them
    TimePoint ends{};
  };
  /// Nothing where there is no room for a new key.
  std::optional<Count> add(const std::string& key, std::uint64_t calls, TimePoint now,
                           Duration span);
  std::size_t size() const;

 private:
  static constexpr std::size_t kParts = 16;
  struct Part {
    mutable ForkMutex mutex;
    std::unordered_map<std::string, Count, KeyedHash> counts;
    TimePoint sweep_at{};  // not before: one that finds nothing costs as much as one that does
  };
  static void sweep(Part& part, TimePoint now);

  const std::size_t most_of_part_;
  std::array<Part, kParts> parts_;
};

}  // namespace weft::security::internal
