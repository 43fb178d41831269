#pragma once

namespace weft::nats {

/// Counts a message that no call took (dropped_messages()).
void note_dropped() noexcept;

}  // namespace weft::nats
