#include "weft/rpc/server/internal/admission.h"

#include <algorithm>

namespace weft::rpc {

/// A client's first call in this round.
void Admission::enter(Client& client, TimePoint now) noexcept {
  client.round = round_;
  client.calls = 0;
  ++clients_;
  // Where rounds grow, each is many times the one before: too long to be waited for. But it is
  // calls that take the time, and not one of them.
  const Duration so_far = open_ ? now - began_ : Duration::zero();
  const bool grows = so_far >= kWindow && length_ >= kWindow / kStretches && so_far >= length_;
  if (grows && cost_ * calls_ >= so_far / 2) standing_ = std::max(standing_, length_);
}

void Admission::begin_round(TimePoint now) noexcept {
  const Duration pause = now - ended_;
  if (pause >= kWindow) {
    forget(now);
  } else if (pause > std::max(kShortRound, length_ / 8)) {
    // Longer than writing takes: the loop had nothing to do.
    observe(Duration::zero());
  }
  open_ = true;
  began_ = now;
}

void Admission::end_round(TimePoint now) noexcept {
  open_ = false;
  ended_ = now;
  length_ = now - began_;
  learn_cost(length_);
  observe(length_);
  present_.time = now - present_.began;
  if (present_.time >= kWindow / kStretches) {
    std::move_backward(past_.begin(), past_.end() - 1, past_.end());
    past_.front() = present_;
    present_ = {.began = now};
    judge();
  }
  ++round_;
  last_clients_ = std::max(1U, clients_);
  clients_ = 0;
  calls_ = 0;
}

void Admission::learn_cost(Duration length) noexcept {
  if (calls_ == 0 || length < kShortRound) return;
  constexpr int kWeight = 4;
  // A handler that takes very long says little of the others.
  constexpr int kMostGrowth = 4;
  const Duration cost = std::max(length / calls_, Duration(1));
  if (cost_ == Duration::zero()) {
    cost_ = cost;
  } else {
    cost_ += (std::min(cost, cost_ * kMostGrowth) - cost_) / kWeight;
  }
}

void Admission::observe(Duration delay) noexcept {
  if (present_.rounds++ == 0) present_.first = delay;
  present_.least = std::min(present_.least, delay);
  present_.most = std::max(present_.most, delay);
}

/// The standing delay follows what the latest rounds have in common: up to the shortest of them,
/// unless they shrink by themselves; down to the longest, so that it stays while admission keeps
/// most of them short.
void Admission::judge() noexcept {
  Stretch all;
  for (const Stretch& stretch : past_) {
    if (stretch.rounds == 0) return;
    all.time += stretch.time;
    all.rounds += stretch.rounds;
    all.first = stretch.first;
    all.least = std::min(all.least, stretch.least);
    all.most = std::max(all.most, stretch.most);
    if (all.time >= kWindow && all.rounds >= kLeastRounds) break;
  }
  const bool shrinking = length_ < all.first / 4 * 3;
  if (!shrinking) standing_ = std::max(standing_, all.least);
  standing_ = std::min(standing_, all.most);
  if (standing_ < kShortRound) standing_ = Duration::zero();
}

/// What was is no longer.
void Admission::forget(TimePoint now) noexcept {
  standing_ = Duration::zero();
  past_.fill({});
  present_ = {.began = now};
}

Admission::Verdict Admission::decide(Client& client, Duration timeout) noexcept {
  const Duration limit = std::min(max_delay_, timeout);
  // Half for the round in which the call was on its way, half for the one in which it runs.
  const Duration budget = limit / 2;
  // The first of a round is taken in any case, or one whose cost is beyond the limit would never
  // be.
  const bool fits = limit == kForever || standing_ < budget / 2 || calls_ == 0 ||
                    (cost_ * (calls_ + 1) <= budget &&
                     (client.calls == 0 || cost_ * (client.calls + 1) <= budget / last_clients_));
  if (fits) {
    ++client.calls;
    ++calls_;
    return Verdict::Admitted;
  }
  return max_delay_ <= timeout ? Verdict::DelayTooLong : Verdict::DeadlineTooNear;
}

}  // namespace weft::rpc
