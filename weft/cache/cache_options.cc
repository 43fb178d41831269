#include "weft/cache/cache_options.h"

#include <cmath>
#include <string>

namespace weft {

Status validate(const CacheOptions& options) {
  if (options.max_weight == 0) return invalid_argument("CacheOptions::max_weight is 0");
  if (options.max_entries == 0) return invalid_argument("CacheOptions::max_entries is 0");
  if (options.max_loads == 0) return invalid_argument("CacheOptions::max_loads is 0");
  if (options.ttl <= Duration(0)) {
    return invalid_argument("CacheOptions::ttl is " + to_string(options.ttl) +
                            ", and must be more than 0");
  }
  if (options.load_timeout <= Duration(0)) {
    return invalid_argument("CacheOptions::load_timeout is " + to_string(options.load_timeout) +
                            ", and must be more than 0");
  }
  const auto check = [](const char* name, Duration duration) {
    if (duration >= Duration(0)) return ok_status();
    return invalid_argument(std::string("CacheOptions::") + name + " is " + to_string(duration) +
                            ", and must not be negative");
  };
  Status status = check("stale_while_revalidate", options.stale_while_revalidate);
  if (status.ok()) status = check("stale_if_error", options.stale_if_error);
  if (status.ok()) status = check("absent_ttl", options.absent_ttl);
  if (status.ok() && !(options.refresh_ahead >= 0 && std::isfinite(options.refresh_ahead))) {
    return invalid_argument("CacheOptions::refresh_ahead is " +
                            std::to_string(options.refresh_ahead) +
                            ", and must be 0 or a number above it");
  }
  return status;
}

CacheStats& CacheStats::operator+=(const CacheStats& other) noexcept {
  hits += other.hits;
  stale += other.stale;
  misses += other.misses;
  loads += other.loads;
  failed += other.failed;
  voided += other.voided;
  refused += other.refused;
  evicted += other.evicted;
  entries += other.entries;
  weight += other.weight;
  return *this;
}

}  // namespace weft
