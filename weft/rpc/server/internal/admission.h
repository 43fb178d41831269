#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "weft/base/time.h"

namespace weft::rpc {

/// Decides which calls a loop takes while it is overloaded. Pure logic: whoever owns it tells it of
/// the calls and of the loop's rounds, and what time it is. Belongs to one loop.
///
/// A round is one pass of the loop over all that waits in it. It begins with a call, when a marker
/// is put behind everything that is ready, and ends when the marker's turn comes. Its length is
/// what a call that arrives in it waits at most before it is read, and the time of the thread that
/// its calls took, whatever they did: read, run, resume, write. So there are no times of single
/// calls, a handler that waits without computing counts for nothing, and one clock read a round is
/// enough.
///
/// A long round alone is no overload: a burst or a handler that computes for long is over when it
/// is over: the rounds behind it shrink, each to the load's share of the one before. What stands is
/// the delay that every round had for a while, as in CoDel (K. Nichols, V. Jacobson, Controlling
/// Queue Delay, ACM Queue 2012). While that is more than a quarter of what
/// a call may wait, a round takes no more calls than fit into half of what they may wait, each
/// connection its part of them; so the next round is not late, and a call waits at most for the
/// round that reads it and for its own. The rest is refused.
class Admission {
 public:
  /// Whom calls come from, as far as they share a round: a connection.
  class Client {
    friend class Admission;
    std::uint32_t round = 0;
    std::uint32_t calls = 0;
  };
  enum class Verdict : std::uint8_t {
    Admitted,
    DelayTooLong,     ///< more than max_delay
    DeadlineTooNear,  ///< no more than max_delay, but than the call has time for
  };

  /// `max_delay` is what any call may wait, kForever where only its own deadline counts.
  explicit Admission(Duration max_delay) noexcept : max_delay_(max_delay) {}

  /// Whether a call that was read at `now` is to begin a round.
  bool wants_round(TimePoint now) const noexcept {
    return !open_ && (standing_ != Duration::zero() || now - began_ >= kRoundPause);
  }
  void begin_round(TimePoint now) noexcept;
  void end_round(TimePoint now) noexcept;

  /// Decides about a call that was read at `now` and has `timeout` left, kForever without a
  /// deadline.
  Verdict admit(Client& client, TimePoint now, Duration timeout) noexcept {
    if (client.round != round_) enter(client, now);
    if (standing_ == Duration::zero()) [[likely]] {
      ++client.calls;
      ++calls_;
      return Verdict::Admitted;
    }
    return decide(client, timeout);
  }

  /// What calls wait for their turn these days; 0 where that is not worth mentioning.
  Duration standing_delay() const noexcept { return standing_; }
  /// What a call costs of the thread's time while there is much to do.
  Duration cost() const noexcept { return cost_; }
  Duration max_delay() const noexcept { return max_delay_; }

 private:
  // Shorter ones are what any loop has.
  static constexpr Duration kShortRound = std::chrono::milliseconds(1);
  // From the begin of a round to the next, while there is no overload: what the marker costs is
  // then less than a thousandth of the thread's time.
  static constexpr Duration kRoundPause = std::chrono::milliseconds(1);
  // A delay stands when it has been there for so long, and for so many rounds.
  static constexpr Duration kWindow = std::chrono::milliseconds(100);
  static constexpr std::uint32_t kLeastRounds = 3;

  void enter(Client& client, TimePoint now) noexcept;
  Verdict decide(Client& client, Duration timeout) noexcept;
  void learn_cost(Duration length) noexcept;
  void observe(Duration delay) noexcept;
  void judge() noexcept;
  void forget(TimePoint now) noexcept;

  Duration max_delay_;
  Duration standing_{};
  Duration cost_{};
  TimePoint began_{};
  TimePoint ended_{};
  Duration length_{};  // of the last round
  bool open_ = false;
  std::uint32_t round_ = 1;
  std::uint32_t calls_ = 0;         // admitted in this round
  std::uint32_t clients_ = 0;       // that had calls in this round
  std::uint32_t last_clients_ = 1;  // in the one before

  /// Rounds on end that took a part of kWindow together, or a longer one.
  struct Stretch {
    TimePoint began{};
    Duration time{};
    std::uint32_t rounds = 0;
    Duration first{};
    Duration least = kForever;
    Duration most{};
  };
  static constexpr std::size_t kStretches = 4;
  std::array<Stretch, kStretches> past_;  // the newest first
  Stretch present_;
};

}  // namespace weft::rpc
