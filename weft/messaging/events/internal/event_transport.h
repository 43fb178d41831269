#pragma once

#include <memory>

#include "weft/messaging/events/internal/consumer.h"
#include "weft/messaging/events/subscriber_options.h"
#include "weft/rpc/server/transport.h"

namespace weft::messaging::internal {

/// Brings a group's events to a server's services, as calls.
std::unique_ptr<rpc::Transport> make_event_transport(SubscriberOptions options,
                                                     std::shared_ptr<Counts> counts);

}  // namespace weft::messaging::internal
