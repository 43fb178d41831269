#pragma once

#include <cstddef>

#include "weft/base/bytes.h"

namespace weft::codec::internal {

/// Where a decompressor writes: one block that doubles as it fills, and never holds more than
/// `limit` bytes. While it grows the old block lives until it is copied, so that at most limit *
/// 3/2 is allocated at a time.
class OutputBuffer {
 public:
  struct Room {
    char* data;
    std::size_t size;
  };

  /// `expected` is a guess of the final size; it is not trusted beyond `limit`.
  OutputBuffer(std::size_t expected, std::size_t limit);

  /// Where to write next, never empty. When the block is full this is one spare byte: only if that
  /// is written too does the message go on, so that a right guess is never grown, and a message
  /// that ends at the limit is told from one that does not.
  Room next() noexcept;
  /// `n` bytes of the last next() were written. False when that is beyond the limit.
  [[nodiscard]] bool written(std::size_t n);

  /// A place for exactly `n` bytes more, to be followed by written(); only when size() + n <=
  /// limit().
  char* place(std::size_t n);

  std::size_t size() const noexcept { return size_; }
  std::size_t limit() const noexcept { return limit_; }

  /// The bytes written.
  Bytes finish();

 private:
  void move_to(std::size_t capacity);
  std::size_t doubled() const noexcept;

  std::size_t limit_;
  std::size_t size_ = 0;
  std::size_t capacity_;
  ChunkRef chunk_;
  char spare_ = 0;
};

/// The first `size` bytes of `chunk`; copied where they fill less than a quarter of it, since a
/// message may be held for long and a copy costs little beside (de)compression.
Bytes trimmed(ChunkRef chunk, std::size_t size);

}  // namespace weft::codec::internal
