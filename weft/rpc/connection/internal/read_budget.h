#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "weft/base/time.h"
#include "weft/coro/executor.h"
#include "weft/net/loop/loop.h"

namespace weft::rpc {

class ReadBudget;

/// How many connections of a loop wait for a turn of their own.
class WaitingReads {
 public:
  bool any() const noexcept { return count_ != 0; }

 private:
  friend class ReadBudget;
  std::size_t count_ = 0;
};

/// How much of its loop's time the reading of one connection may take before the others on that
/// loop have their turn. What the reading costs is estimated in units of about half a microsecond:
/// a small message with its handler, or 512 bytes that were decoded. It is counted by what comes
/// out: 150 bytes of a compressed message may become megabytes. What a message costs to parse does
/// not show in its size, two bytes may be an object: where it is compressed, or has more than
/// kSmall bytes, that is measured, and it waits in a long round.
///
/// Once the units are used up, what wants to read waits for a turn of the connection's own
/// (net::Loop::ready_alone()), where it gets new ones. A message that inflates to more than
/// kSmallMessage is inflated in such a turn only, one a turn: so many connections with one such
/// message each hold up the loop no longer than one of them.
///
/// Belongs to one loop.
class ReadBudget {
 public:
  static constexpr std::int32_t kUnits = 1024;
  static constexpr std::int32_t kLittle = 32;
  /// Messages that are cut out of one frame, which may be thousands of empty ones.
  static constexpr std::size_t kMessagesPerUnit = 4;
  static constexpr std::size_t kSmallMessage = std::size_t{64} * 1024;
  /// Up to here a message is not worth a look at the clock; it takes a unit, and one for each 64
  /// bytes, which may be 32 fields.
  static constexpr std::size_t kSmall = 1024;

  explicit ReadBudget(net::Loop& loop) noexcept : loop_(loop) {}
  ReadBudget(net::Loop& loop, WaitingReads& waiting) noexcept : loop_(loop), all_(&waiting) {}
  ReadBudget(const ReadBudget&) = delete;
  ReadBudget& operator=(const ReadBudget&) = delete;
  ~ReadBudget() { set_due(false); }

  /// Of a message of at most kSmall bytes. False once nothing is left: wait() then.
  bool take_small(std::size_t bytes) noexcept {
    spend(1 + static_cast<std::int32_t>(bytes / 64));
    return left_ >= 0;
  }
  /// Of any other message: one in a turn of the connection's own, more while the round is not long
  /// and nobody waits for such a turn.
  bool take_other() noexcept;
  /// Counts the time from the one to the other as work: a message is unpacked and parsed. Where it
  /// is not to be `measured`, what began before is over as well, as nobody may have ended that.
  void begin_parsing(bool measured) noexcept {
    parsing_since_ = measured && all_ != nullptr ? loop_.now() : TimePoint{};
  }
  void end_parsing() noexcept {
    const TimePoint began = std::exchange(parsing_since_, {});
    if (began != TimePoint{}) loop_.add_work(net::Loop::work_of(loop_.now() - began));
  }
  void spend(std::int32_t units) noexcept {
    loop_.add_work(units);
    left_ -= units;
  }
  /// Of bytes that were decoded.
  void spend_bytes(std::size_t bytes) noexcept { spend(net::Loop::work_of_bytes(bytes)); }
  /// Something is read, not in a turn of the connection's own. It has new units in each round of
  /// the loop, few where others have done much in that already.
  void begin_round() noexcept {
    if (loop_.round() != std::exchange(round_, loop_.round())) left_ = kUnits;
    if (loop_.round_is_long()) left_ = std::min(left_, kLittle);
  }
  bool spent() const noexcept { return left_ < 0; }
  /// Whether a large message may be inflated now; for one only.
  bool take_large() noexcept { return std::exchange(large_, false); }

  /// Runs `waiting`, which only makes coroutines ready, in the next turn of the connection's own,
  /// with new units.
  void wait(Runnable& waiting) noexcept;
  /// Runs `ending`, which ends the connection or its streams, in a turn of its own that comes
  /// sooner (net::Loop::ready_to_end()).
  void wait_to_end(Runnable& ending) noexcept;

 private:
  struct Step : Runnable {
    Step(Runnable::Function function, ReadBudget& of) noexcept : Runnable(function), self(of) {}
    ReadBudget& self;
  };
  /// Whether it was not, before.
  bool set_due(bool due) noexcept;
  static void begin_turn(Runnable& step) noexcept;
  static void end_turn(Runnable& step) noexcept;

  net::Loop& loop_;
  WaitingReads* all_ = nullptr;  // none on a client, which chose its peers
  TimePoint parsing_since_{};
  std::int32_t left_ = kUnits;
  std::uint32_t round_ = 0;  // of the loop, when they were renewed
  bool large_ = false;
  bool first_ = false;  // in a turn of the connection's own, before the first of take_other()
  bool turn_due_ = false;
  RunnableQueue waiting_;
  Step begin_{&ReadBudget::begin_turn, *this};
  Step end_{&ReadBudget::end_turn, *this};
};

}  // namespace weft::rpc
