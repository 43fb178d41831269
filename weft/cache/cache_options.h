#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "weft/base/status.h"
#include "weft/base/time.h"

namespace weft {

/// How long values of a Cache are kept, and when they are loaded again.
struct CacheOptions {
  /// The sum of the entries' weights; each weighs 1 unless the cache was given a weigher. What was
  /// asked for seldom goes first (W-TinyLFU).
  std::uint64_t max_weight = 10'000;
  /// In a cache that was given a weigher, an entry weighs at least `max_weight / max_entries`, so
  /// that light values, and keys without one, are bounded in number too.
  std::uint64_t max_entries = 100'000;
  /// How long a value is fresh. More than 0.
  Duration ttl = kForever;
  /// For so long after that it is still given while it is loaded anew (RFC 5861 section 3).
  Duration stale_while_revalidate{0};
  /// For so long after it was fresh it is given where a load fails (RFC 5861 section 4), and from
  /// then on without a wait: further loads, a second apart, are made in the background.
  Duration stale_if_error{0};
  /// How long it is kept that a key has no value, which is what a loader's NOT_FOUND says, give or
  /// take a tenth; 0: not at all.
  Duration absent_ttl = std::chrono::seconds(5);
  /// A fresh value is loaded anew before its end, in the background, the likelier the nearer the
  /// end is and the longer its load took: XFetch's beta (Vattani, Chierichetti, Lowenstein:
  /// "Optimal Probabilistic Cache Stampede Prevention", 2015). 0: never.
  double refresh_ahead = 1.0;
  /// A load that takes longer is cancelled.
  Duration load_timeout = std::chrono::seconds(10);
  /// Of different keys at the same time; callers of further ones get RESOURCE_EXHAUSTED.
  std::size_t max_loads = 1000;
};

/// OK, or INVALID_ARGUMENT naming the option that cannot be followed.
Status validate(const CacheOptions& options);

/// What a cache has done so far, and what it has now.
struct CacheStats {
  std::uint64_t hits = 0;    ///< values and known absences, without a wait
  std::uint64_t stale = 0;   ///< of these, values that were not fresh
  std::uint64_t misses = 0;  ///< callers that waited for a load, or were refused one
  std::uint64_t loads = 0;
  std::uint64_t failed = 0;   ///< loads that ended with something else than a value or NOT_FOUND
  std::uint64_t voided = 0;   ///< loads whose value was not kept, since the key changed meanwhile
  std::uint64_t refused = 0;  ///< loads beyond max_loads
  std::uint64_t evicted = 0;
  std::uint64_t entries = 0;
  std::uint64_t weight = 0;

  CacheStats& operator+=(const CacheStats& other) noexcept;
};

}  // namespace weft
