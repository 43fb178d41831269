#pragma once

#include <cstdint>

#include "weft/base/status.h"

namespace weft::messaging {

/// What becomes of an event whose handler has ended.
enum class Outcome : std::uint8_t {
  Acknowledge,  ///< it is done
  Retry,        ///< it is tried again after a pause, and its key waits
  DeadLetter,   ///< it goes to the dead letters at once: trying again would not help
};

/// The table of the guide, docs/guide/events.md: OK is done; UNAVAILABLE, DEADLINE_EXCEEDED,
/// RESOURCE_EXHAUSTED, ABORTED, CANCELLED, UNAUTHENTICATED, UNKNOWN and INTERNAL may pass; the
/// others say something about the event.
Outcome outcome_of(StatusCode code) noexcept;

}  // namespace weft::messaging
