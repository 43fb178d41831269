#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/messaging/events/broker.h"

namespace weft::messaging::internal {

/// The event as it goes to the dead letters, with the cause in its attributes: `deadtopic`,
/// `deadgroup`, `deadcode`, `deadreason`, `deadtries`, `deadposition`, `deadtime`.
CloudEvent dead_letter(const Delivery& delivery, const Status& cause, std::uint32_t tries,
                       std::string_view topic, std::string_view group);

/// Makes an event of a dead letter again, for the group that could not handle it. The topic that it
/// is from; empty where that or the group is not known.
std::string revive(CloudEvent& event);

}  // namespace weft::messaging::internal
