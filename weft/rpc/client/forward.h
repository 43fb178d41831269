#pragma once

#include "weft/coro/task.h"
#include "weft/rpc/call/service.h"

namespace weft::rpc {

/// Serves `call`, which a server has, by making the same call of `to`, a Channel as a rule, and
/// handing on all that comes back: what Server::fallback() takes for a proxy is a few lines around
/// it. For every kind of call, of methods that this program knows nothing about.
///
/// Messages pass as bytes, none of them waits but for its receiver, so that back-pressure reaches
/// from one end to the other. Metadata, deadline and cancellation go one way; the response's
/// metadata, trailers and the status with its details the other. Messages of the call may be as
/// large as the server that has it allows.
///
///     Task<Status> serve(Call& call) override { return weft::rpc::forward(call, backend_); }
Task<Status> forward(Call& call, Service& to);

}  // namespace weft::rpc
