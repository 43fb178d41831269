#include "weft/codec/internal/output_buffer.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace weft::codec::internal {

namespace {
// The pool's smallest block is of this order; starting lower saves nothing.
constexpr std::size_t kSmallestBuffer = 256;

std::size_t first_capacity(std::size_t expected, std::size_t limit) {
  return std::min(std::max(expected, kSmallestBuffer), limit);
}
}  // namespace

OutputBuffer::OutputBuffer(std::size_t expected, std::size_t limit)
    : limit_(limit),
      capacity_(first_capacity(expected, limit)),
      chunk_(Chunk::allocate(capacity_)) {}

void OutputBuffer::move_to(std::size_t capacity) {
  ChunkRef larger(Chunk::allocate(capacity));
  std::memcpy(larger->data(), chunk_->data(), size_);
  chunk_ = std::move(larger);
  capacity_ = capacity;
}

void OutputBuffer::grow() {
  const std::size_t doubled = capacity_ > limit_ / 2 ? limit_ : capacity_ * 2;
  move_to(std::max(doubled, std::min(kSmallestBuffer, limit_)));
}

void OutputBuffer::reserve(std::size_t n) {
  if (room() >= n) return;
  const std::size_t doubled = capacity_ > limit_ / 2 ? limit_ : capacity_ * 2;
  move_to(size_ == 0 ? n : std::max(size_ + n, doubled));
}

Bytes OutputBuffer::finish() { return trimmed(std::move(chunk_), size_); }

Bytes trimmed(ChunkRef chunk, std::size_t size) {
  const char* data = chunk->data();
  if (size * 4 < chunk->capacity()) return Bytes::copy_of(std::string_view(data, size));
  return Bytes(std::move(chunk), data, size);
}

}  // namespace weft::codec::internal
