#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "weft/base/rng.h"

namespace weft::cluster {

/// Draws indexes in proportion to weights in constant time: the alias method (Walker 1977, in
/// Vose's form of 1991). Each of n equally likely columns holds at most two indexes, and a second
/// draw decides between them.
class AliasTable {
 public:
  /// Weights are above 0.
  void build(std::span<const double> weights);

  bool empty() const noexcept { return size_ == 0; }
  /// An index; only where there is one.
  std::size_t draw(Rng& rng) const noexcept {
    const auto column = static_cast<std::size_t>(rng.below(size_));
    if (columns_.empty()) return column;  // all weigh the same
    const Column& entry = columns_[column];
    return rng.uniform() < entry.share ? column : entry.alias;
  }

 private:
  struct Column {
    double share = 1;
    std::uint32_t alias = 0;
  };
  std::size_t size_ = 0;
  std::vector<Column> columns_;
};

}  // namespace weft::cluster
