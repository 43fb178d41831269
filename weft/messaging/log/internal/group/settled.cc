#include "weft/messaging/log/internal/group/settled.h"

#include <algorithm>
#include <iterator>

namespace weft::messaging::stored {

bool Settled::contains(std::uint64_t offset) const noexcept {
  if (offset < position_) return true;
  const auto behind = ranges_.upper_bound(offset);
  return behind != ranges_.begin() && offset < std::prev(behind)->second;
}

void Settled::add_range(std::uint64_t begin, std::uint64_t end) {
  begin = std::max(begin, position_);
  if (begin >= end) return;
  tries_.erase(tries_.lower_bound(begin), tries_.lower_bound(end));
  auto next = ranges_.upper_bound(begin);
  if (next != ranges_.begin() && std::prev(next)->second >= begin) {
    --next;
    begin = next->first;
  }
  while (next != ranges_.end() && next->first <= end) {
    end = std::max(end, next->second);
    next = ranges_.erase(next);
  }
  if (begin == position_) {
    position_ = end;
  } else {
    ranges_.emplace(begin, end);
  }
}

std::uint32_t Settled::tries(std::uint64_t offset) const noexcept {
  const auto found = tries_.find(offset);
  return found == tries_.end() ? 0 : found->second;
}

}  // namespace weft::messaging::stored
