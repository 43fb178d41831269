#pragma once

#include <cstdint>

#include "weft/coro/context.h"
#include "weft/messaging/events/cloud_event.h"
#include "weft/rpc/call/metadata.h"
#include "weft/rpc/call/propagation.h"

namespace weft::messaging::internal {

/// Adds the trace and baggage of `context` to the event, unless it has a trace already.
void add_trace(const PropagationOptions& options, const Context& context, CloudEvent& event);
/// What add_trace() has added, as metadata for extract_context().
Metadata trace_metadata(const CloudEvent& event);
/// Milliseconds since 1970.
std::int64_t wall_time();

}  // namespace weft::messaging::internal
