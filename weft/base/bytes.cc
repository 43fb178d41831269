#include "weft/base/bytes.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <new>

#include "weft/base/free_lists.h"

namespace weft {
namespace {

/// Powers of two from 256 bytes to 256 KiB, header included. A class keeps at most 1 MiB, so that a
/// burst does not pin memory for ever; that of sockets' reads, of which large messages are made, a
/// few of such messages.
struct ChunkSizes {
  static constexpr std::size_t kSmallest = std::size_t{1} << 8;
  static constexpr std::size_t kLargest = std::size_t{1} << 18;
  static constexpr std::size_t kClasses = 11;
  static constexpr std::size_t kBytesPerClass = std::size_t{1} << 20;
  static constexpr std::size_t kReadBlock = std::size_t{1} << 16;
  static constexpr std::size_t kReadBlockBytes = std::size_t{8} << 20;

  static constexpr std::size_t index_of(std::size_t block) noexcept {
    return static_cast<std::size_t>(std::bit_width(block) - std::bit_width(kSmallest));
  }
  static constexpr std::uint32_t room(std::size_t index) noexcept {
    const std::size_t size = kSmallest << index;
    return static_cast<std::uint32_t>((size == kReadBlock ? kReadBlockBytes : kBytesPerClass) /
                                      size);
  }
};
static_assert(ChunkSizes::index_of(ChunkSizes::kLargest) + 1 == ChunkSizes::kClasses);
static_assert(ChunkSizes::kSmallest - sizeof(Chunk) == Chunk::kSmallest);

using Pool = FreeLists<ChunkSizes>;

}  // namespace

Chunk* Chunk::allocate(std::size_t capacity) {
  if (capacity > SIZE_MAX / 2) throw std::bad_alloc();
  std::size_t block = capacity + sizeof(Chunk);
  void* memory = nullptr;
  if (block <= ChunkSizes::kLargest) {
    block = block < ChunkSizes::kSmallest ? ChunkSizes::kSmallest : std::bit_ceil(block);
    memory = Pool::take(ChunkSizes::index_of(block));
  }
  if (memory == nullptr) memory = ::operator new(block);
  return new (memory) Chunk(block - sizeof(Chunk));
}

void Chunk::destroy(Chunk* chunk) noexcept {
  const std::size_t block = chunk->capacity_ + sizeof(Chunk);
  chunk->~Chunk();
  if (block > ChunkSizes::kLargest) return ::operator delete(static_cast<void*>(chunk));
  Pool::release(ChunkSizes::index_of(block), chunk);
}

Bytes Bytes::joined(std::span<const Bytes> pieces) {
  const std::size_t size = total_size(pieces);
  ChunkRef chunk(Chunk::allocate(size));
  char* at = chunk->data();
  for (const Bytes& piece : pieces) at = std::copy_n(piece.data(), piece.size(), at);
  const char* data = chunk->data();
  return Bytes(std::move(chunk), data, size);
}

Bytes Bytes::copy_of(std::string_view text) {
  if (text.empty()) return {};
  ChunkRef chunk(Chunk::allocate(text.size()));
  std::memcpy(chunk->data(), text.data(), text.size());
  const char* data = chunk->data();
  return Bytes(std::move(chunk), data, text.size());
}

}  // namespace weft
