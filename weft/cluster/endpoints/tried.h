#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "weft/cluster/endpoints/member.h"

namespace weft::cluster {

/// The members that earlier attempts of a call went to, so that the next one goes elsewhere where
/// it can. Shared by the attempts of one call, on one loop.
class Tried {
 public:
  bool contains(const Member& member) const noexcept {
    return std::find(ids_.begin(), ids_.end(), member.id()) != ids_.end();
  }
  void add(const Member& member) {
    if (!contains(member)) ids_.push_back(member.id());
  }
  bool empty() const noexcept { return ids_.empty(); }

 private:
  std::vector<std::uint64_t> ids_;
};

}  // namespace weft::cluster
