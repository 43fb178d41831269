#pragma once

#include <cstddef>

#include "weft/base/bytes.h"

namespace weft::codec::internal {

/// Where a decompressor writes: one block that doubles as it fills, and never holds more than
/// `limit` bytes. Growing keeps the old block until it is copied, so that at most limit * 3/2 is
/// allocated at a time.
class OutputBuffer {
 public:
  /// `expected` is a guess of the final size; it is not trusted beyond `limit`.
  OutputBuffer(std::size_t expected, std::size_t limit);

  /// Where the next bytes go.
  char* tail() noexcept { return chunk_->data() + size_; }
  std::size_t room() const noexcept { return capacity_ - size_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t limit() const noexcept { return limit_; }
  /// room() is 0 and no growth is allowed.
  bool at_limit() const noexcept { return size_ == limit_; }

  void commit(std::size_t n) noexcept { size_ += n; }
  /// Makes room for at least one more byte; only when not at_limit().
  void grow();
  /// Makes room for exactly `n` more bytes at least; only when size() + n <= limit().
  void reserve(std::size_t n);

  /// The bytes written.
  Bytes finish();

 private:
  void move_to(std::size_t capacity);

  std::size_t limit_;
  std::size_t size_ = 0;
  std::size_t capacity_;
  ChunkRef chunk_;
};

/// The first `size` bytes of `chunk`; copied where they fill less than a quarter of it, since a
/// message may be held for long and a copy costs little beside (de)compression.
Bytes trimmed(ChunkRef chunk, std::size_t size);

}  // namespace weft::codec::internal
