#pragma once

#include <optional>
#include <string>

#include "weft/base/result.h"
#include "weft/base/time.h"
#include "weft/coro/task.h"
#include "weft/net/socket/address.h"
#include "weft/storage/postgres/connect/internal/cancel_request.h"
#include "weft/storage/postgres/connect/internal/conninfo.h"
#include "weft/storage/postgres/internal/libpq.h"

namespace weft::postgres {

/// A connection that is ready for statements, in pipeline mode.
struct Connected {
  PgConnection connection;
  std::string server;  ///< its name, for messages
  net::Address address;
  std::optional<CancelKey> cancel_key;
};

/// Connects to the first server that lets this program in and is what target_session_attrs asks
/// for; `timeout` is for each. Without blocking: names are looked up by the loop. The error is that
/// of the last server, with what was wrong at the others. Ends with the Context too. `info`
/// outlives the task.
Task<Result<Connected>> connect(const Conninfo& info, Duration timeout);

}  // namespace weft::postgres
