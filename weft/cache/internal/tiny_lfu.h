#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "weft/cache/internal/frequency_sketch.h"

namespace weft::cache::internal {

/// Which entries of a cache stay: W-TinyLFU (Einziger, Friedman, Manes: "TinyLFU: A Highly
/// Efficient Cache Admission Policy", 2017). New entries pass a small window in the order of their
/// use; what falls out of it takes the place of the main part's oldest entry only if it was asked
/// for more often. The main part keeps what was used twice longer (segmented LRU). Knows entries by
/// small numbers, which its owner gives. For one thread at a time.
class TinyLfu {
 public:
  using Index = std::uint32_t;
  static constexpr Index kNone = UINT32_MAX;

  /// `most`: the sum of weights that stays, at least 1; `entries`: about how many of them that are.
  TinyLfu(std::uint64_t most, std::uint64_t entries);

  /// An entry was used.
  void hit(Index index);
  /// An entry is there. What has to go for it is appended to `victims`, perhaps itself; its owner
  /// removes them, without remove().
  void add(Index index, std::uint64_t hash, std::uint32_t weight, std::vector<Index>& victims);
  /// An entry is gone.
  void remove(Index index);

  std::uint64_t weight() const noexcept;

 private:
  enum class Part : std::uint8_t { None, Window, Probation, Protected };
  static constexpr std::size_t kParts = 4;
  struct Node {
    Index previous = kNone;
    Index next = kNone;
    std::uint64_t hash = 0;
    std::uint32_t weight = 0;
    Part part = Part::None;
  };
  /// From the oldest to the youngest.
  struct Queue {
    Index oldest = kNone;
    Index youngest = kNone;
    std::uint64_t weight = 0;
  };
  Queue& queue(Part part) noexcept { return queues_[static_cast<std::size_t>(part)]; }
  const Queue& queue(Part part) const noexcept { return queues_[static_cast<std::size_t>(part)]; }
  void push(Index index, Part part);
  void unlink(Index index);
  void move(Index index, Part part) {
    unlink(index);
    push(index, part);
  }
  std::uint64_t main_weight() const noexcept {
    return queue(Part::Probation).weight + queue(Part::Protected).weight;
  }
  void limit_protected();
  void evict(Index candidate, std::vector<Index>& victims);

  const std::uint64_t window_most_;
  const std::uint64_t main_most_;
  const std::uint64_t protected_most_;
  FrequencySketch sketch_;
  std::vector<Node> nodes_;
  std::array<Queue, kParts> queues_;
};

}  // namespace weft::cache::internal
