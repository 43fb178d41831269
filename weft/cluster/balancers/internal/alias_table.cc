#include "weft/cluster/balancers/internal/alias_table.h"

#include <algorithm>
#include <numeric>

namespace weft::cluster {

void AliasTable::build(std::span<const double> weights) {
  size_ = weights.size();
  columns_.clear();
  const bool even =
      std::adjacent_find(weights.begin(), weights.end(), std::not_equal_to<>{}) == weights.end();
  if (even) return;

  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<double> rest(size_);
  std::vector<std::uint32_t> small;
  std::vector<std::uint32_t> large;
  columns_.resize(size_);
  for (std::uint32_t i = 0; i < size_; ++i) {
    rest[i] = weights[i] * static_cast<double>(size_) / total;
    (rest[i] < 1 ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t less = small.back();
    const std::uint32_t more = large.back();
    small.pop_back();
    columns_[less] = {rest[less], more};
    rest[more] -= 1 - rest[less];
    if (rest[more] < 1) {
      large.pop_back();
      small.push_back(more);
    }
  }
  // What is left is 1 but for rounding, which the columns' default says.
}

}  // namespace weft::cluster
