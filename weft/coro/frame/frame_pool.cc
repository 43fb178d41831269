#include "weft/coro/frame/frame_pool.h"

#include <algorithm>
#include <cstdint>
#include <new>

#include "weft/base/free_lists.h"

namespace weft::coro {
namespace {

/// Up to 4 KiB, in the steps of glibc's malloc: multiples of 16 bytes less the 8 of its header, so
/// that nothing is lost between the two. A thread keeps of each size at most 4096 blocks, some
/// thousand calls' worth, and 2 MiB, so that a burst's memory goes back to the system.
struct FrameSizes {
  static constexpr std::size_t kStep = 16;
  static constexpr std::size_t kSmallest = 8;
  static constexpr std::size_t kLargest = 4096 - 8;
  static constexpr std::size_t kClasses = (kLargest - kSmallest) / kStep + 1;

  /// The class of a size from 1 to kLargest.
  static constexpr std::size_t index_of(std::size_t size) noexcept {
    return (size + kStep - 1 - kSmallest) / kStep;
  }
  static constexpr std::size_t block_of(std::size_t index) noexcept {
    return kSmallest + index * kStep;
  }
  static constexpr std::uint32_t room(std::size_t index) noexcept {
    constexpr std::size_t kBytes = std::size_t{2} << 20;
    return static_cast<std::uint32_t>(std::min(std::size_t{4096}, kBytes / block_of(index)));
  }
};

static_assert(FrameSizes::block_of(FrameSizes::index_of(25)) == 40);
static_assert(FrameSizes::index_of(FrameSizes::kLargest) + 1 == FrameSizes::kClasses);

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
