#pragma once

#include <cstddef>
#include <new>

namespace weft::net::internal {

/// Memory for the one operation of a kind that an object has under way, so that a warm wait costs
/// no allocation. A second operation at the same time, or a larger one, takes from the heap.
class HandlerMemory {
 public:
  // Boost 1.74's wait operation with our handlers takes 104 bytes.
  static constexpr std::size_t kSize = 104;

  void* allocate(std::size_t size) {
    if (used_ || size > kSize) return ::operator new(size);
    used_ = true;
    return storage_;
  }
  void deallocate(void* memory) noexcept {
    if (memory == storage_) {
      used_ = false;
    } else {
      ::operator delete(memory);
    }
  }

 private:
  alignas(std::max_align_t) std::byte storage_[kSize];
  bool used_ = false;
};

/// Hands out a HandlerMemory; what Asio finds as a handler's associated allocator. The memory must
/// outlive the handler, which therefore holds what owns it.
template <class T>
struct HandlerAllocator {
  using value_type = T;
  explicit HandlerAllocator(HandlerMemory& from) noexcept : memory(&from) {}
  template <class U>
  HandlerAllocator(const HandlerAllocator<U>& other) noexcept : memory(other.memory) {}
  T* allocate(std::size_t n) { return static_cast<T*>(memory->allocate(n * sizeof(T))); }
  void deallocate(T* pointer, std::size_t) noexcept { memory->deallocate(pointer); }
  template <class U>
  bool operator==(const HandlerAllocator<U>& other) const noexcept {
    return memory == other.memory;
  }
  HandlerMemory* memory;
};

}  // namespace weft::net::internal
