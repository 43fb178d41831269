#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "weft/base/status.h"
#include "weft/rpc/call/call.h"

namespace weft {

/// How much is lost when a call is refused: the four classes of criticality of B. Beyer et al.,
/// Site Reliability Engineering (2016), chapter 21.
enum class Priority : std::uint8_t {
  CriticalPlus,   ///< what users notice at once, and badly
  Critical,       ///< the default: what users notice
  SheddablePlus,  ///< retried later if refused: batches with a time to keep
  Sheddable,      ///< what may fail often: background work
};
inline constexpr std::size_t kPriorities = 4;

/// "critical-plus", "critical", "sheddable-plus", "sheddable".
std::string_view name_of(Priority priority) noexcept;

/// By the metadata `priority`, which has one of these names; Critical without it, or where it says
/// something else. Whoever calls chooses it: where that is not to be, give a function of your own.
Priority priority_of(const Call& call);

/// Runs on every call, on each loop's thread.
using CallPriority = std::function<Priority(const Call&)>;

/// How a limit is shared out: a call of a class is refused when this share of the limit is in use,
/// so that what matters less goes first as the limit comes near.
struct PriorityShares {
  double critical_plus = 1;
  double critical = 0.9;
  double sheddable_plus = 0.7;
  double sheddable = 0.5;
  /// Empty: priority_of.
  CallPriority priority{};

  double of(const Call& call) const;
};

/// OK, or INVALID_ARGUMENT naming the share that is not in (0, 1] or larger than that of a class
/// above it.
Status validate(const PriorityShares& shares);

}  // namespace weft
