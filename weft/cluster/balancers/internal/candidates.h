#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <typeinfo>
#include <vector>

#include "weft/cluster/endpoints/member.h"
#include "weft/cluster/endpoints/tried.h"

namespace weft::cluster {

/// Whether a call should go elsewhere where there is an elsewhere: an earlier attempt of it went
/// there, or it is being probed and has its one call.
inline bool avoided(const Member& member, const Tried* tried) noexcept {
  return (member.probing() && member.outstanding() != 0) ||
         (tried != nullptr && tried->contains(member));
}

/// Endpoint::weight; 1 where a resolver says 0, which would leave nothing to divide by.
inline double weight_of(const Member& member) noexcept {
  return std::max<std::uint32_t>(1, member.endpoint().weight);
}

/// The first of `members` from `start` on, around the end, that need not be avoided; where all must
/// be, the one at `start`. `members` is not empty.
inline Member* first_from(std::span<Member* const> members, std::size_t start,
                          const Tried* tried) noexcept {
  std::size_t at = start;
  for (std::size_t looked = 0; looked < members.size(); ++looked) {
    if (!avoided(*members[at], tried)) return members[at];
    if (++at == members.size()) at = 0;
  }
  return members[start];
}

inline void keep_available(std::span<Member* const> members, std::vector<Member*>& available) {
  available.clear();
  for (Member* member : members) {
    if (member->available()) available.push_back(member);
  }
}

/// The state of this type that a balancer keeps with the member; null where there is none, or that
/// of a balancer of another kind, which the channel had before.
template <class StateType>
StateType* state_of(const Member& member) noexcept {
  Member::State* state = member.balancer_state.get();
  if (state == nullptr || typeid(*state) != typeid(StateType)) return nullptr;
  return static_cast<StateType*>(state);
}

template <class StateType>
StateType& make_state_of(Member& member) {
  if (StateType* state = state_of<StateType>(member)) return *state;
  auto made = std::make_unique<StateType>();
  StateType& state = *made;
  member.balancer_state = std::move(made);
  return state;
}

}  // namespace weft::cluster
