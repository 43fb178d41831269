#include "weft/codec/internal/output_buffer.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace weft::codec::internal {

namespace {
// About the pool's smallest block; starting lower saves nothing.
constexpr std::size_t kSmallestBuffer = 224;
}  // namespace

OutputBuffer::OutputBuffer(std::size_t expected, std::size_t limit)
    : limit_(limit),
      capacity_(std::min(std::max(expected, kSmallestBuffer), limit)),
      chunk_(Chunk::allocate(capacity_)) {}

OutputBuffer::Room OutputBuffer::next() noexcept {
  if (size_ == capacity_) return {&spare_, 1};
  return {chunk_->data() + size_, capacity_ - size_};
}

bool OutputBuffer::written(std::size_t n) {
  if (size_ == capacity_ && n != 0) {
    if (size_ == limit_) return false;
    move_to(doubled());
    chunk_->data()[size_] = spare_;
  }
  size_ += n;
  return true;
}

char* OutputBuffer::place(std::size_t n) {
  if (capacity_ - size_ < n) move_to(size_ == 0 ? n : std::max(size_ + n, doubled()));
  return chunk_->data() + size_;
}

Bytes OutputBuffer::finish() { return trimmed(std::move(chunk_), size_); }

std::size_t OutputBuffer::doubled() const noexcept {
  return capacity_ > limit_ / 2 ? limit_ : capacity_ * 2;
}

void OutputBuffer::move_to(std::size_t capacity) {
  ChunkRef larger(Chunk::allocate(capacity));
  std::memcpy(larger->data(), chunk_->data(), size_);
  chunk_ = std::move(larger);
  capacity_ = capacity;
}

Bytes trimmed(ChunkRef chunk, std::size_t size) {
  const char* data = chunk->data();
  if (size < chunk->capacity() / 4) return Bytes::copy_of(std::string_view(data, size));
  return Bytes(std::move(chunk), data, size);
}

}  // namespace weft::codec::internal
