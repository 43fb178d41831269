#pragma once

#include <cstddef>

/// What operator new has given out in this program and not got back.
namespace weft::attacks {

/// Bytes now, as malloc counts them, its rounding included.
std::size_t held_bytes() noexcept;

/// The most that was held since it was made, beyond what was then.
class PeakMemory {
 public:
  PeakMemory() noexcept;
  /// 0 where nothing is counted.
  std::size_t bytes() const noexcept;

 private:
  std::size_t before_;
};

/// False where operator new cannot be replaced, so that nothing is counted.
bool counts_memory() noexcept;

}  // namespace weft::attacks
