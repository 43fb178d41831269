#pragma once

#include <cstddef>

namespace weft::coro {

/// Memory for coroutine frames and call records: free lists of the thread by size, in steps of 16
/// bytes up to 4 KiB. A block may be released on another thread. Throws std::bad_alloc only.
void* allocate_frame(std::size_t size);
void release_frame(void* frame, std::size_t size) noexcept;

/// Derive from this to take objects of a type from the frame pool.
struct Pooled {
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) noexcept {
    release_frame(memory, size);
  }
};

}  // namespace weft::coro
