#pragma once

#include "weft/base/rng.h"
#include "weft/base/time.h"
#include "weft/cache/cache_options.h"

namespace weft::cache::internal {

/// Until when an entry may be used, and how.
struct EntryTimes {
  TimePoint fresh_until{};
  TimePoint next_load{};  ///< where the last load failed
  Duration load_time{0};  ///< what the last one took
};

enum class Use : std::uint8_t {
  Fresh,
  Refresh,  ///< fresh, and to be loaded anew beside
  Stale,    ///< to be loaded anew beside
  Waiting,  ///< stale, after a load that failed
  None,
};

/// Of an entry that has a value (`is_absent`: that says that there is none).
Use use_of(const EntryTimes& times, const CacheOptions& options, bool is_absent, TimePoint now,
           Rng& rng);
/// Of a value that was loaded or put just now.
EntryTimes times_of_value(const CacheOptions& options, TimePoint now, Duration load_time);
/// Of the knowledge that there is none.
EntryTimes times_of_absence(const CacheOptions& options, TimePoint now, Rng& rng);
/// Whether a stale value may take the place of a failed load; then the next one is put off.
bool stands_in(EntryTimes& times, const CacheOptions& options, TimePoint now);

}  // namespace weft::cache::internal
