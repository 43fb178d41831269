#pragma once

#include <memory>
#include <string_view>

#include "weft/net/loop/loop.h"
#include "weft/net/socket/stream.h"

namespace weft::net::internal {

/// Ends a stream so that its peer gets to read `last`: writes it, sends the end, and reads what
/// still comes until the peer's end, for a bounded time, before it closes. Closing at once would
/// lose what is not yet written, and with unread bytes there a socket resets, which may take from
/// the peer what it has not read. Lives on the loop by itself.
void close_lingering(Loop& loop, std::unique_ptr<Stream> stream, std::string_view last);

}  // namespace weft::net::internal
