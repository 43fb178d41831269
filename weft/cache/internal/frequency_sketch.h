#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace weft::cache::internal {

/// About how often a hash was added lately, 0 to 15: a count-min sketch of 4-bit counters (Cormode,
/// Muthukrishnan, 2005) whose counts are halved when it has seen ten times its size, so that what
/// was popular long ago is forgotten.
class FrequencySketch {
 public:
  /// `entries`: how many hashes it is to tell apart; memory is 8 bytes for each, at least 512 and
  /// at most 8 MiB.
  explicit FrequencySketch(std::uint64_t entries)
      : words_(std::bit_ceil(std::clamp<std::uint64_t>(entries, 64, std::uint64_t{1} << 20U))),
        sample_(10 * words_.size()) {}

  /// std::hash of a number is the number: what add() and count() take has been spread. The
  /// finalizer of MurmurHash3 (Appleby, public domain).
  static std::uint64_t spread(std::uint64_t hash) noexcept {
    hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdU;
    hash = (hash ^ (hash >> 33U)) * 0xc4ceb9fe1a85ec53U;
    return hash ^ (hash >> 33U);
  }
  void add(std::uint64_t hash) noexcept {
    std::uint64_t* const block = &words_[block_of(hash)];
    bool added = false;
    for (unsigned row = 0; row < kRows; ++row) {
      std::uint64_t& word = block[word_of(hash, row)];
      const unsigned shift = shift_of(hash, row);
      if (((word >> shift) & 15U) == 15U) continue;
      word += std::uint64_t{1} << shift;
      added = true;
    }
    if (added && ++additions_ >= sample_) halve();
  }
  std::uint32_t count(std::uint64_t hash) const noexcept {
    const std::uint64_t* const block = &words_[block_of(hash)];
    std::uint64_t least = 15;
    for (unsigned row = 0; row < kRows; ++row) {
      least = std::min(least, (block[word_of(hash, row)] >> shift_of(hash, row)) & 15U);
    }
    return static_cast<std::uint32_t>(least);
  }

 private:
  static constexpr unsigned kRows = 4;
  static constexpr std::uint64_t kBlock = 8;  // words: a line of the processor's cache

  // All counters of a hash are in one block. Of its eight words each row has two.
  std::size_t block_of(std::uint64_t hash) const noexcept {
    return (hash >> 32U) & (words_.size() - kBlock);
  }
  static std::size_t word_of(std::uint64_t hash, unsigned row) noexcept {
    return 2 * row + ((hash >> (5 * row)) & 1U);
  }
  static unsigned shift_of(std::uint64_t hash, unsigned row) noexcept {
    return 4 * static_cast<unsigned>((hash >> (5 * row + 1)) & 15U);
  }
  void halve() noexcept {
    for (std::uint64_t& word : words_) word = (word >> 1U) & 0x7777777777777777U;
    additions_ = sample_ / 2;
  }

  std::vector<std::uint64_t> words_;
  std::uint64_t sample_;
  std::uint64_t additions_ = 0;
};

}  // namespace weft::cache::internal
