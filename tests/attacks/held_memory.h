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

/// While it exists, the allocation with this number, counted from 0, of those of at least
/// `from_size` bytes fails, on whatever thread but the one that made this. One at a time.
class FailingAllocation {
 public:
  FailingAllocation(std::size_t from_size, std::size_t number) noexcept;
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;
  ~FailingAllocation();
  /// How many such allocations there have been; one has failed if they are more than its number.
  std::size_t count() const noexcept;
};

/// False where operator new cannot be replaced, so that nothing is counted.
bool counts_memory() noexcept;

}  // namespace weft::attacks
