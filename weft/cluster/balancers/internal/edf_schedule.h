#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "weft/base/rng.h"
#include "weft/cluster/endpoints/member.h"
#include "weft/cluster/endpoints/tried.h"

namespace weft::cluster {

/// Turns in proportion to weights and evenly spread: earliest deadline first (Liu and Layland 1973;
/// as a load balancer's schedule in Envoy). A member's next turn is due 1/weight after its last
/// one; who is due first is next. A turn costs O(log n).
class EdfSchedule {
 public:
  /// These members take turns now. Those that did before keep when they are due; others begin
  /// somewhere in their first period, so that callers who start together do not all begin with the
  /// same one.
  template <class WeightOf>
  void update(std::span<Member* const> members, const WeightOf& weight_of, Rng& rng) {
    take(members, [&](const Member& member) { return rng.uniform() / weight_of(member); });
  }

  /// Whose turn it is; null where there is nobody. One that is to be avoided loses its turn, unless
  /// all are. `weight_of` gives the weight that says when the next one is due: above 0.
  template <class WeightOf>
  Member* next(const Tried* tried, const WeightOf& weight_of) {
    Member* first = nullptr;
    for (std::size_t looked = 0; looked < turns_.size(); ++looked) {
      Member* member = turns_.front().member;
      now_ = turns_.front().due;
      postpone_front(1 / weight_of(*member));
      if (!is_avoided(*member, tried)) return member;
      if (first == nullptr) first = member;
    }
    return first;
  }

 private:
  struct Turn {
    double due;
    std::uint64_t id;  // of the member, which may be gone when the next list comes
    Member* member;
  };
  static bool is_avoided(const Member& member, const Tried* tried) noexcept;
  void take(std::span<Member* const> members,
            const std::function<double(const Member&)>& first_delay);
  void postpone_front(double by) noexcept;

  double now_ = 0;
  std::vector<Turn> turns_;  // a heap: the first is due first
};

}  // namespace weft::cluster
