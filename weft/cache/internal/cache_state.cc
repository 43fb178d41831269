#include "weft/cache/internal/cache_state.h"

#include <bit>
#include <exception>

#include "weft/base/log/log_value.h"

namespace weft::cache::internal {

Status thrown() {
  try {
    throw;
  } catch (const std::exception& error) {
    log(LogLevel::Error, "a loader of a cache threw: " + log_value(error.what()));
  } catch (...) {
    log(LogLevel::Error, "a loader of a cache threw something that is no std::exception");
  }
  return internal_error("the loader of a value of the cache threw an exception");
}

std::size_t shards_for(std::uint64_t max_weight) noexcept {
  // Each has a policy of its own, which knows too little of its keys where it has few.
  return std::bit_floor(std::clamp<std::uint64_t>(max_weight / 256, 1, 16));
}

}  // namespace weft::cache::internal
