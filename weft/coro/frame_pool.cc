#include "weft/coro/frame_pool.h"

#include <algorithm>
#include <cstdint>
#include <new>

#include "weft/base/free_lists.h"

namespace weft::coro {
namespace {

/// Steps of 64 bytes up to 4 KiB. A thread keeps of each at most 4096 blocks, some thousand calls'
/// worth, and 2 MiB, so that a burst's memory goes back to the system.
struct FrameSizes {
  static constexpr std::size_t kStep = 64;
  static constexpr std::size_t kLargest = 4096;
  static constexpr std::size_t kClasses = kLargest / kStep;

  /// The class of a size from 1 to kLargest.
  static constexpr std::size_t index_of(std::size_t size) noexcept { return (size - 1) / kStep; }
  static constexpr std::size_t block_of(std::size_t index) noexcept { return (index + 1) * kStep; }
  static constexpr std::uint32_t room(std::size_t index) noexcept {
    constexpr std::size_t kBytes = std::size_t{2} << 20;
    return static_cast<std::uint32_t>(std::min(std::size_t{4096}, kBytes / block_of(index)));
  }
};

/// Also false for 0, which wraps around.
constexpr bool is_pooled(std::size_t size) noexcept { return size - 1 < FrameSizes::kLargest; }

using Pool = FreeLists<FrameSizes>;

}  // namespace

void* allocate_frame(std::size_t size) {
  if (!is_pooled(size)) return ::operator new(size);
  const std::size_t index = FrameSizes::index_of(size);
  if (void* block = Pool::take(index); block != nullptr) return block;
  return ::operator new(FrameSizes::block_of(index));
}

void release_frame(void* frame, std::size_t size) noexcept {
  if (!is_pooled(size)) return ::operator delete(frame);
  Pool::release(FrameSizes::index_of(size), frame);
}

}  // namespace weft::coro
