#pragma once

#include "weft/base/log.h"
#include "weft/base/time.h"
#include "weft/rpc/call/service.h"

namespace weft {

/// Which calls access_log() writes, and how.
struct AccessLogOptions {
  /// Level of a call that ended with OK; one that failed is written as a warning, when that is
  /// more.
  LogLevel level = LogLevel::Info;
  /// Calls with OK that were quicker than this are left out.
  Duration slower_than = Duration::zero();
};

/// Writes one line to the log when a call has ended, on the client or on the server:
///
///     call path=/hello.Greeter/SayHello side=server peer=127.0.0.1:40112 status=OK duration=1.2ms
///
/// with `principal=SUBJECT` behind the peer where the caller is known (Call::principal()), and
/// `message="..."` where the status has one. Path, peer, principal and message are as log_value()
/// shows them: quoted where they are more than a word, and cut behind 256 bytes. So a client cannot
/// forge a field or make the line long.
///
/// Where the server or the channel has an Observer, such as telemetry::server_metrics(), which
/// makes them count, `sent_bytes` and `received_bytes` (messages, uncompressed) follow the
/// duration, and on a client `attempts` and the time that the call `waited` for a connection. Where
/// the call is traced, `trace_id` and `span_id` end the line. On a client the peer is the instance
/// that answered. The line is a record with these fields: telemetry::set_up_log() makes JSON of it.
Middleware access_log(AccessLogOptions options = {});

}  // namespace weft
