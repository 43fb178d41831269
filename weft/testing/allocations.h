#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

#include <malloc.h>

#include "weft/base/sanitizer.h"

/// Counts what a program takes from the heap: replaces operator new and delete. To be included in
/// one source file of a program. Nothing is counted with ThreadSanitizer: clang's brings an
/// operator new that cannot be replaced.
namespace weft::testing {

/// Calls of operator new on this thread.
inline thread_local std::size_t allocations = 0;
/// Bytes that this thread has allocated and not freed.
inline thread_local std::ptrdiff_t live_bytes = 0;

}  // namespace weft::testing

#if !WEFT_TSAN

// Not inlined: GCC would see malloc() and delete, or new and free(), meet and warn of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  ++weft::testing::allocations;
  weft::testing::live_bytes += static_cast<std::ptrdiff_t>(malloc_usable_size(memory));
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  if (memory != nullptr) {
    weft::testing::live_bytes -= static_cast<std::ptrdiff_t>(malloc_usable_size(memory));
  }
  std::free(memory);
}
[[gnu::noinline]] void* operator new[](std::size_t size) { return ::operator new(size); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  ::operator delete(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept { ::operator delete(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept {
  ::operator delete(memory);
}

#endif
