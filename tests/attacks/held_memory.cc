#include "tests/attacks/held_memory.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <malloc.h>

#include "weft/base/sanitizer.h"

namespace weft::attacks {
namespace {

std::atomic<std::size_t> held{0};
std::atomic<std::size_t> peak{0};

// Of FailingAllocation.
std::atomic<std::size_t> fails_from{SIZE_MAX};
std::atomic<std::size_t> fails_at{0};
std::atomic<std::size_t> counted{0};
thread_local bool spared = false;

}  // namespace

std::size_t held_bytes() noexcept { return held.load(std::memory_order_relaxed); }

PeakMemory::PeakMemory() noexcept : before_(held_bytes()) { peak = before_; }

std::size_t PeakMemory::bytes() const noexcept { return peak > before_ ? peak - before_ : 0; }

FailingAllocation::FailingAllocation(std::size_t from_size, std::size_t number) noexcept {
  spared = true;
  counted = 0;
  fails_at = number;
  fails_from = from_size;
}

FailingAllocation::~FailingAllocation() {
  fails_from = SIZE_MAX;
  spared = false;
}

std::size_t FailingAllocation::count() const noexcept { return counted; }

bool counts_memory() noexcept { return !WEFT_TSAN; }

// clang's ThreadSanitizer brings an operator new that cannot be replaced.
#if !WEFT_TSAN
namespace {

void count(void* memory) noexcept {
  const std::size_t size = ::malloc_usable_size(memory);
  const std::size_t now = held.fetch_add(size, std::memory_order_relaxed) + size;
  std::size_t most = peak.load(std::memory_order_relaxed);
  while (now > most && !peak.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
  }
}

void uncount(void* memory) noexcept {
  if (memory != nullptr) held.fetch_sub(::malloc_usable_size(memory), std::memory_order_relaxed);
}

void* allocate(std::size_t size) {
  const bool counts = size >= fails_from.load(std::memory_order_relaxed) && !spared;
  if (counts && counted++ == fails_at) throw std::bad_alloc();
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  count(memory);
  return memory;
}

void give_back(void* memory) noexcept {
  uncount(memory);
  std::free(memory);
}

}  // namespace
#endif

}  // namespace weft::attacks

#if !WEFT_TSAN
// Not inlined: GCC would see malloc() and delete, or new and free(), meet and warn of a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) { return weft::attacks::allocate(size); }
[[gnu::noinline]] void* operator new[](std::size_t size) { return weft::attacks::allocate(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { weft::attacks::give_back(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  weft::attacks::give_back(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept {
  weft::attacks::give_back(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept {
  weft::attacks::give_back(memory);
}
#endif
