#include "weft/coro/frame_pool.h"

#include <array>
#include <cstdint>
#include <new>
#include <utility>

namespace weft::coro {
namespace {

constexpr std::size_t kStep = 64;
constexpr std::size_t kLargest = 4096;
// A thread keeps at most this many free blocks of a size: 4096 calls' worth, so that a burst's
// memory goes back to the system.
constexpr std::uint32_t kKeep = 4096;

// Under AddressSanitizer every frame is its own allocation, so that a use after release is seen.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif

struct FramePool {
  struct Free {
    Free* next;
  };
  struct List {
    Free* head = nullptr;
    std::uint32_t count = 0;
  };
  std::array<List, kLargest / kStep + 1> lists;
  bool closed = false;

  ~FramePool() {
    closed = true;
    for (List& list : lists) {
      while (list.head != nullptr) ::operator delete(std::exchange(list.head, list.head->next));
    }
  }
};

thread_local FramePool pool;

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t steps = (size + kStep - 1) / kStep;
  if (kPooled && steps < pool.lists.size()) {
    FramePool::List& list = pool.lists[steps];
    if (list.head != nullptr) {
      --list.count;
      return std::exchange(list.head, list.head->next);
    }
  }
  return ::operator new(steps* kStep);
}

void release_frame(void* frame, std::size_t size) noexcept {
  const std::size_t steps = (size + kStep - 1) / kStep;
  if (kPooled && steps < pool.lists.size() && !pool.closed) {
    FramePool::List& list = pool.lists[steps];
    if (list.count < kKeep) {
      list.head = new (frame) FramePool::Free{list.head};
      ++list.count;
      return;
    }
  }
  ::operator delete(frame);
}

}  // namespace weft::coro
