#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "weft/http2/hpack/header.h"

namespace weft::http2 {

/// The decoder's dynamic table (RFC 7541 section 2.3.2).
///
/// The strings of an entry that a block adds stay where the block's decoding has put them until
/// settle(), at the next block's start, copies what has survived into the table's own memory. That
/// memory is only ever appended to, or left for a new and larger one by settle(). So every view
/// that find() has returned is valid until the next settle(), whatever was evicted, and a block
/// that adds many entries only to evict them copies nothing.
class HpackDecoderTable {
 public:
  /// The entry added `age` entries ago, or null.
  const HeaderField* find(std::size_t age) const noexcept {
    if (age >= count_) return nullptr;
    return &entries_[(first_ + count_ - 1 - age) & (capacity_ - 1)];
  }
  /// Adds an entry whose strings stay valid until the next settle(). One that is larger than the
  /// table empties it (section 4.4).
  void insert(const HeaderField& field);
  /// Copies the strings of the entries added since the last call into the table's memory.
  void settle() {
    if (unsettled_ != 0) store_unsettled();
  }
  void resize(std::size_t max_size) noexcept;

  std::size_t max_size() const noexcept { return max_size_; }
  std::size_t memory() const noexcept { return capacity_ * sizeof(HeaderField) + memory_size_; }
  /// Section 4.1: the strings and 32 bytes an entry.
  std::size_t size() const noexcept { return size_; }

 private:
  HeaderField& entry(std::size_t i) noexcept { return entries_[(first_ + i) & (capacity_ - 1)]; }
  void evict_to(std::size_t size) noexcept;
  void grow();
  void store_unsettled();
  static_assert(sizeof(HeaderField) <= 40, "an entry costs memory on every connection");
  void store(HeaderField& entry) noexcept;

  // Sizes are below 2^32, as SETTINGS_HEADER_TABLE_SIZE is.
  std::unique_ptr<HeaderField[]> entries_;  // a ring; capacity_ is a power of two
  std::unique_ptr<char[]> memory_;
  std::uint32_t capacity_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t unsettled_ = 0;  // how many of the newest entries settle() has to copy
  std::uint32_t memory_size_ = 0;
  std::uint32_t memory_used_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t max_size_ = 4096;  // RFC 9113 section 6.5.2: the initial value
};

}  // namespace weft::http2
