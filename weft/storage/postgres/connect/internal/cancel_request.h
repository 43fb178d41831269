#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "weft/base/status.h"
#include "weft/coro/task.h"
#include "weft/net/socket/address.h"

namespace weft::postgres {

/// What a server gives a connection to cancel its statements with (BackendKeyData).
struct CancelKey {
  std::int32_t process = 0;
  std::int32_t secret = 0;
};

/// Reads the key in what PQtrace() wrote while a connection was made: libpq has no other way to it,
/// and its own PQcancel() blocks. Nothing where the trace has none.
std::optional<CancelKey> cancel_key_in(std::string_view trace) noexcept;

/// Asks the server at `address` to cancel what the connection runs, by a connection of its own
/// (CancelRequest of PostgreSQL's protocol), and waits until the server has done so. As libpq 15
/// does, also without TLS: the key says no more than which statement to cancel.
Task<Status> request_cancel(net::Address address, CancelKey key);

}  // namespace weft::postgres
