#pragma once

#include <span>

namespace weft::cluster {

/// What is known of one member.
struct MemberCondition {
  bool connected = false;
  bool healthy = true;   ///< as active health checks say; true where there are none
  bool ejected = false;  ///< by outlier detection
};

/// Writes which members may take calls into `available`, which has the size of `members`.
///
/// A member may when it is connected, healthy and not ejected. Where fewer than
/// `panic_threshold_percent` of the connected ones are that, health is not believed any more,
/// because the few that are left would be overrun: every connected member may (Envoy's panic
/// threshold, default 50; Envoy counts members that cannot be reached as well, so that a frozen one
/// among dead ones is given calls again). 0 turns that off. Returns whether it panics.
bool decide_availability(std::span<const MemberCondition> members, double panic_threshold_percent,
                         std::span<bool> available);

}  // namespace weft::cluster
