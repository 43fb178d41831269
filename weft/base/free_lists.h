#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "weft/base/sanitizer.h"

namespace weft {

/// A block that waits to be used again, and a list of them with the number it may still take.
struct FreeBlock {
  FreeBlock* next;
};
struct FreeList {
  FreeBlock* head = nullptr;
  std::uint32_t room = 0;
};

/// Free blocks of the calling thread by size class: what makes memory that comes and goes with
/// every call cheap. `Sizes` names a pool: `kClasses` and `room(index)`, the number of blocks a
/// class keeps.
///
/// Blocks come from and go back to ::operator new, on any thread. The state has no destructor, so
/// it may be used as late as the destruction of other thread_local and static objects; an object
/// beside it gives the blocks back when the thread ends, after which nothing is kept.
///
/// With AddressSanitizer nothing is ever kept, so that a use after release is seen.
template <class Sizes>
class FreeLists {
 public:
  /// A block that was kept, or null.
  static void* take(std::size_t index) noexcept {
    FreeList& list = lists_[index];
    if (list.head == nullptr) return nullptr;
    ++list.room;
    return std::exchange(list.head, list.head->next);
  }

  /// Keeps `block`, which came from ::operator new, or deletes it.
  static void release(std::size_t index, void* block) noexcept {
    if (WEFT_ASAN) return ::operator delete(block);
    FreeList& list = lists_[index];
    if (list.room == 0) [[unlikely]]
      return release_without_room(list, block);
    keep(list, block);
  }

 private:
  struct Closer {
    ~Closer() { close(); }
  };

  static void keep(FreeList& list, void* block) noexcept {
    --list.room;
    list.head = new (block) FreeBlock{list.head};
  }
  // A thread's first block finds no room, so that the common path has one test for "full", "not yet
  // open" and "closed".
  [[gnu::noinline]] static void release_without_room(FreeList& list, void* block) noexcept {
    if (!opened_) open();
    if (list.room == 0) return ::operator delete(block);
    keep(list, block);
  }
  static void open() noexcept {
    opened_ = true;
    for (std::size_t i = 0; i < Sizes::kClasses; ++i) lists_[i].room = Sizes::room(i);
    [[maybe_unused]] thread_local Closer closer;
  }
  static void close() noexcept {
    for (FreeList& list : lists_) {
      list.room = 0;
      while (list.head != nullptr) ::operator delete(std::exchange(list.head, list.head->next));
    }
  }

  inline static constinit thread_local std::array<FreeList, Sizes::kClasses> lists_{};
  inline static constinit thread_local bool opened_ = false;
};

}  // namespace weft
