#pragma once

#include "weft/coro/task.h"
#include "weft/rpc/call/service.h"

namespace weft::rpc {

/// Serves a server's `call` by making the same call of `to`, usually a Channel, and passing back
/// all that comes. With a few lines around it Server::fallback() is a proxy. For every kind of
/// call, also of methods that this program does not know.
///
/// Messages pass as bytes and wait only for their receiver, so that back-pressure reaches from one
/// end to the other. Metadata, deadline and cancellation go one way; the response's metadata,
/// trailers and the status with its details the other. Messages of the call may be as large as the
/// server that has it allows.
///
///     Task<Status> serve(Call& call) override { return weft::rpc::forward(call, backend_); }
Task<Status> forward(Call& call, Service& to);

}  // namespace weft::rpc
