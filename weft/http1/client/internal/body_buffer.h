#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "weft/base/bytes.h"

namespace weft::http1 {

/// Collects the parts of a body in one block, so that many small ones cost no more than one large.
class BodyBuffer {
 public:
  /// Makes room for what is expected: at most kMostReserved of it, since a server may announce what
  /// it never sends.
  void reserve(std::size_t size) {
    if (size > capacity()) grow(std::min(size, kMostReserved));
  }
  std::size_t size() const noexcept { return size_; }
  void append(std::string_view part) {
    if (part.size() > capacity() - size_) grow(std::max(size_ + part.size(), 2 * capacity()));
    std::memcpy(block_->data() + size_, part.data(), part.size());
    size_ += part.size();
  }
  Bytes take() {
    if (!block_) return {};
    const char* const data = block_->data();
    return Bytes(std::move(block_), data, std::exchange(size_, 0));
  }

 private:
  static constexpr std::size_t kMostReserved = std::size_t{64} * 1024;
  std::size_t capacity() const noexcept { return block_ ? block_->capacity() : 0; }
  void grow(std::size_t size) {
    ChunkRef larger(Chunk::allocate(size));
    if (size_ != 0) std::memcpy(larger->data(), block_->data(), size_);
    block_ = std::move(larger);
  }

  ChunkRef block_;
  std::size_t size_ = 0;
};

}  // namespace weft::http1
