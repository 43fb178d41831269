#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <sys/uio.h>

#include "weft/base/bytes.h"

namespace weft::http2 {

/// Bytes on their way out: frames are encoded straight into its open block, large payloads are
/// linked in without a copy. An empty queue holds no memory block.
///
///   segments_[head_..]          block_: | consumed or sealed | not yet consumed | free |
///   what was sealed or linked            0                    block_start_       block_end_
///
/// The bytes of the queue are the segments' in order, then those between block_start_ and
/// block_end_. Not thread-safe.
class OutputQueue {
 public:
  OutputQueue() noexcept = default;
  OutputQueue(const OutputQueue&) = delete;
  OutputQueue& operator=(const OutputQueue&) = delete;

  bool empty() const noexcept { return size_ == 0; }
  /// Bytes not yet consumed.
  std::size_t size() const noexcept { return size_; }

  /// Bytes of memory that it keeps alive, or a few times that at most where what was linked shares
  /// blocks.
  std::size_t memory() const noexcept { return size_ + segments_.capacity() * sizeof(Bytes); }

  /// At least `n` contiguous bytes at the end of the queue to be written to now; commit() says how
  /// many were. Nothing else may be called in between.
  std::uint8_t* reserve(std::size_t n) {
    if (block_ && block_->capacity() - block_end_ >= n) [[likely]]
      return block_at(block_end_);
    return reserve_in_new_block(n);
  }
  void commit(std::size_t n) noexcept {
    block_end_ += n;
    size_ += n;
  }
  /// Appends without copying. Small slices (below kLinkThreshold) are copied: an iovec costs more;
  /// so are those that would keep a block of kPinFactor times their size alive. What is lent stays
  /// so until own().
  void append(Bytes bytes);
  /// Something in it may be lent.
  bool lent() const noexcept { return lent_; }
  /// Copies what is lent and has not been consumed.
  void own();

  /// Fills `slices` with what is to be written next and returns how many it filled.
  std::size_t gather(std::span<iovec> slices) const noexcept;
  /// `n` bytes were written.
  void consume(std::size_t n) noexcept;
  void clear() noexcept;

  static constexpr std::size_t kBlock = 16 * 1024 - 64;
  static constexpr std::size_t kLinkThreshold = 2048;
  static constexpr std::size_t kPinFactor = 8;

 private:
  /// Closes the open block's filled part off as a segment.
  void seal();
  /// reserve() where the open block has no room.
  std::uint8_t* reserve_in_new_block(std::size_t n);
  void push(Bytes bytes);
  /// Drops `n` bytes from the segments' front, at most all of them, and returns what is left of n.
  std::size_t consume_segments(std::size_t n) noexcept;
  std::uint8_t* block_at(std::size_t offset) const noexcept {
    return reinterpret_cast<std::uint8_t*>(block_->data()) + offset;
  }

  std::vector<Bytes> segments_;  // from head_ on; what lies before is empty
  std::size_t head_ = 0;
  ChunkRef block_;               // the open block
  std::size_t block_start_ = 0;  // first byte of it neither consumed nor in a segment
  std::size_t block_end_ = 0;    // end of what was committed
  std::size_t size_ = 0;
  bool lent_ = false;
};

}  // namespace weft::http2
