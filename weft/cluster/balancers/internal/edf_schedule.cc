#include "weft/cluster/balancers/internal/edf_schedule.h"

#include <algorithm>
#include <utility>

#include "weft/cluster/balancers/internal/candidates.h"

namespace weft::cluster {
namespace {

constexpr auto kDueLater = [](const auto& a, const auto& b) { return a.due > b.due; };
constexpr auto kById = [](const auto& a, const auto& b) { return a.id < b.id; };

}  // namespace

bool EdfSchedule::is_avoided(const Member& member, const Tried* tried) noexcept {
  return avoided(member, tried);
}

void EdfSchedule::take(std::span<Member* const> members,
                       const std::function<double(const Member&)>& first_delay) {
  std::vector<Turn> before = std::exchange(turns_, {});
  std::sort(before.begin(), before.end(), kById);
  turns_.reserve(members.size());
  for (Member* member : members) {
    Turn turn{0, member->id(), member};
    const auto old = std::lower_bound(before.begin(), before.end(), turn, kById);
    const bool known = old != before.end() && old->id == turn.id;
    turn.due = known ? old->due : now_ + first_delay(*member);
    turns_.push_back(turn);
  }
  std::make_heap(turns_.begin(), turns_.end(), kDueLater);
}

void EdfSchedule::postpone_front(double by) noexcept {
  Turn turn = turns_.front();
  turn.due += by;
  std::size_t at = 0;
  for (std::size_t child = 1; child < turns_.size(); child = 2 * at + 1) {
    if (child + 1 < turns_.size() && turns_[child + 1].due < turns_[child].due) ++child;
    if (turn.due <= turns_[child].due) break;
    turns_[at] = turns_[child];
    at = child;
  }
  turns_[at] = turn;
}

}  // namespace weft::cluster
