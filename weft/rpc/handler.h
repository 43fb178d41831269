#pragma once

#include <optional>
#include <utility>

#include "weft/base/result.h"
#include "weft/codec/protobuf.h"
#include "weft/coro/task.h"
#include "weft/rpc/server_context.h"
#include "weft/rpc/service.h"
#include "weft/rpc/typed_stream.h"

/// What generated service classes call: each serves one kind of method with a member function of
/// the user's class. Until that first awaits something, another thread may run the loop (UserCode).
namespace weft::rpc {

/// Parses the one request of a method that takes one; says why where there is none.
Status parse_single(const Call& call, const std::optional<Message>& message,
                    google::protobuf::MessageLite& into);
/// The call's status where a response was not taken.
Status write_outcome(const Call& call, bool taken);

template <class Handler, class Request, class Response>
Task<Status> serve_unary(Call& call, Handler& handler,
                         Task<Result<Response>> (Handler::*method)(ServerContext&,
                                                                   const Request&)) {
  Request request;
  {
    const std::optional<Message> message = co_await call.requests().read();
    Status parsed = parse_single(call, message, request);
    if (!parsed.ok()) co_return parsed;
  }
  ServerContext context(call);
  const UserCode user_code;
  Result<Response> response = co_await (handler.*method)(context, request);
  Executor::leave_user_code();
  if (!response.ok()) co_return std::move(response).status();
  const Message message = codec::message_of(*response).mark_last();
  const bool taken = co_await call.responses().write(message);
  co_return write_outcome(call, taken);
}

template <class Handler, class Request, class Response>
Task<Status> serve_server_streaming(Call& call, Handler& handler,
                                    Task<Status> (Handler::*method)(ServerContext&, const Request&,
                                                                    Writer<Response>&)) {
  Request request;
  {
    const std::optional<Message> message = co_await call.requests().read();
    Status parsed = parse_single(call, message, request);
    if (!parsed.ok()) co_return parsed;
  }
  ServerContext context(call);
  Writer<Response> writer(call.responses(), call.context());
  const UserCode user_code;
  co_return co_await (handler.*method)(context, request, writer);
}

template <class Handler, class Request, class Response>
Task<Status> serve_client_streaming(Call& call, Handler& handler,
                                    Task<Result<Response>> (Handler::*method)(ServerContext&,
                                                                              Reader<Request>&)) {
  ServerContext context(call);
  Reader<Request> reader(call.requests(), call.context());
  const UserCode user_code;
  Result<Response> response = co_await (handler.*method)(context, reader);
  Executor::leave_user_code();
  if (!response.ok()) co_return std::move(response).status();
  // A stream that broke off must not look like one that ended, even to a handler that did not ask.
  Status read = reader.status();
  if (!read.ok()) co_return read;
  const Message message = codec::message_of(*response).mark_last();
  const bool taken = co_await call.responses().write(message);
  co_return write_outcome(call, taken);
}

template <class Handler, class Request, class Response>
Task<Status> serve_bidi_streaming(Call& call, Handler& handler,
                                  Task<Status> (Handler::*method)(ServerContext&, Reader<Request>&,
                                                                  Writer<Response>&)) {
  ServerContext context(call);
  Reader<Request> reader(call.requests(), call.context());
  Writer<Response> writer(call.responses(), call.context());
  const UserCode user_code;
  Status status = co_await (handler.*method)(context, reader, writer);
  Executor::leave_user_code();
  if (status.ok()) status = reader.status();
  co_return status;
}

/// What a generated method does that the user has not overridden.
Status not_implemented(const MethodDescriptor& method);

}  // namespace weft::rpc
