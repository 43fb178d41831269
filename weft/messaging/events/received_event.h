#pragma once

#include <cstdint>
#include <string_view>

#include "weft/messaging/events/broker.h"
#include "weft/rpc/server/server_context.h"

namespace weft::messaging {

/// What a handler can learn of the event that it handles, beside the message. Lives as long as the
/// call.
struct ReceivedEvent {
  const CloudEvent* event;
  std::string_view topic;
  std::string_view group;
  std::uint64_t position;
  std::uint32_t tries;  ///< before this one
};

/// The event of a call that a Subscriber makes; null for calls that come another way.
inline const ReceivedEvent* received_event(ServerContext& context) noexcept {
  return context.find<ReceivedEvent>();
}

}  // namespace weft::messaging
