#include "weft/base/bytes.h"

#include <array>
#include <bit>
#include <cstdlib>
#include <new>

namespace weft {

/// Free blocks of one thread by power of two. The bound keeps a burst from pinning memory for ever.
struct ChunkPool {
  static constexpr std::size_t kSmallest = std::size_t{1} << 8;
  static constexpr std::size_t kLargest = std::size_t{1} << 18;
  static constexpr std::size_t kClasses = 11;
  static constexpr std::size_t kBytesPerClass = std::size_t{1} << 20;

  struct Free {
    Free* next;
  };
  std::array<Free*, kClasses> heads{};
  std::array<std::size_t, kClasses> counts{};
  bool closed = false;

  ~ChunkPool() {
    closed = true;
    for (Free* head : heads) {
      while (head != nullptr) std::free(std::exchange(head, head->next));
    }
  }

  static std::size_t class_of(std::size_t size) noexcept {
    return static_cast<std::size_t>(std::bit_width(size) - std::bit_width(kSmallest));
  }
  static Chunk* construct(void* memory, std::size_t block) noexcept {
    return new (memory) Chunk(block - sizeof(Chunk));
  }
};

namespace {
// Under AddressSanitizer every block is its own allocation, so that a use after release is seen.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif

thread_local ChunkPool pool;
}  // namespace

Chunk* Chunk::allocate(std::size_t capacity) {
  std::size_t block = capacity + sizeof(Chunk);
  if (kPooled && block <= ChunkPool::kLargest) {
    block = std::bit_ceil(block < ChunkPool::kSmallest ? ChunkPool::kSmallest : block);
    const std::size_t index = ChunkPool::class_of(block);
    if (ChunkPool::Free* head = pool.heads[index]; head != nullptr) {
      pool.heads[index] = head->next;
      --pool.counts[index];
      return ChunkPool::construct(head, block);
    }
  }
  void* memory = std::malloc(block);
  if (memory == nullptr) throw std::bad_alloc();
  return ChunkPool::construct(memory, block);
}

void Chunk::destroy(Chunk* chunk) noexcept {
  const std::size_t block = chunk->capacity_ + sizeof(Chunk);
  chunk->~Chunk();
  if (kPooled && !pool.closed && block >= ChunkPool::kSmallest && block <= ChunkPool::kLargest) {
    const std::size_t index = ChunkPool::class_of(block);
    if ((pool.counts[index] + 1) * block <= ChunkPool::kBytesPerClass) {
      pool.heads[index] = new (static_cast<void*>(chunk)) ChunkPool::Free{pool.heads[index]};
      ++pool.counts[index];
      return;
    }
  }
  std::free(static_cast<void*>(chunk));
}

Bytes Bytes::copy_of(std::string_view text) {
  if (text.empty()) return {};
  ChunkRef chunk(Chunk::allocate(text.size()));
  std::memcpy(chunk->data(), text.data(), text.size());
  const char* data = chunk->data();
  return Bytes(std::move(chunk), data, text.size());
}

}  // namespace weft
