#pragma once

#include <coroutine>
#include <cstddef>
#include <utility>

#include "weft/base/result.h"
#include "weft/codec/protobuf.h"
#include "weft/codec/reused.h"
#include "weft/coro/task.h"
#include "weft/rpc/server_context.h"
#include "weft/rpc/service.h"
#include "weft/rpc/typed_stream.h"

/// What generated service classes call: each serves one kind of method with a member function of
/// the user's class. Until that first awaits something, another thread may run the loop (UserCode).
namespace weft::rpc {

/// Reads the one request of a handler, and writes its one response, neither of whose bytes are kept
/// in the coroutine's frame: what that holds is what a pending call costs. One at a time.
class SingleMessages : private Waiter {
 public:
  explicit SingleMessages(Call& call) noexcept : Waiter(&SingleMessages::run), call_(call) {}
  SingleMessages(const SingleMessages&) = delete;
  SingleMessages& operator=(const SingleMessages&) = delete;
  /// A coroutine may be destroyed while it waits.
  ~SingleMessages() {
    if (handle_) unwait();
  }

  class Step;
  /// `co_await messages.read(request)`: OK, or why there is none.
  Step read(google::protobuf::MessageLite& into) noexcept;
  /// `co_await messages.write(response)`: OK, or the call's status where it was not taken.
  Step write(const google::protobuf::MessageLite& from) noexcept;
  /// Of the request that was read, in bytes.
  std::size_t read_size() const noexcept { return read_size_; }

 private:
  static void run(Runnable& runnable) noexcept;
  /// False while nothing is known yet.
  bool advance();
  void wait() noexcept;
  void unwait() noexcept;

  Call& call_;
  google::protobuf::MessageLite* into_ = nullptr;
  const google::protobuf::MessageLite* from_ = nullptr;
  std::coroutine_handle<> handle_;  // while it waits
  std::size_t read_size_ = 0;
  Status status_;
};

class SingleMessages::Step {
 public:
  explicit Step(SingleMessages& messages) noexcept : messages_(messages) {}
  bool await_ready() { return messages_.advance(); }
  void await_suspend(std::coroutine_handle<> handle) noexcept {
    messages_.handle_ = handle;
    messages_.wait();
  }
  Status await_resume() noexcept { return std::move(messages_.status_); }

 private:
  SingleMessages& messages_;
};

template <class Handler, class Request, class Response>
Task<Status> serve_unary(Call& call, Handler& handler,
                         Task<Result<Response>> (Handler::*method)(ServerContext&,
                                                                   const Request&)) {
  codec::Reused<Request> request;
  SingleMessages messages(call);
  Status status = co_await messages.read(*request);
  request.holds(messages.read_size());
  if (!status.ok()) co_return status;
  ServerContext context(call);
  const UserCode user_code;
  Task<Result<Response>> task = (handler.*method)(context, *request);
  // Where it lies: it is written from there.
  Result<Response>& response = co_await task.in_place();
  Executor::leave_user_code();
  if (!response.ok()) co_return std::move(response).status();
  status = co_await messages.write(*response);
  co_return status;
}

template <class Handler, class Request, class Response>
Task<Status> serve_server_streaming(Call& call, Handler& handler,
                                    Task<Status> (Handler::*method)(ServerContext&, const Request&,
                                                                    Writer<Response>&)) {
  codec::Reused<Request> request;
  SingleMessages messages(call);
  Status status = co_await messages.read(*request);
  request.holds(messages.read_size());
  if (!status.ok()) co_return status;
  ServerContext context(call);
  Writer<Response> writer(call.responses(), call.context());
  const UserCode user_code;
  co_return co_await (handler.*method)(context, *request, writer);
}

template <class Handler, class Request, class Response>
Task<Status> serve_client_streaming(Call& call, Handler& handler,
                                    Task<Result<Response>> (Handler::*method)(ServerContext&,
                                                                              Reader<Request>&)) {
  ServerContext context(call);
  Reader<Request> reader(call.requests(), call.context());
  const UserCode user_code;
  Task<Result<Response>> task = (handler.*method)(context, reader);
  Result<Response>& response = co_await task.in_place();
  Executor::leave_user_code();
  if (!response.ok()) co_return std::move(response).status();
  // A stream that broke off must not look like one that ended, even to a handler that did not ask.
  Status status = reader.status();
  if (!status.ok()) co_return status;
  SingleMessages messages(call);
  status = co_await messages.write(*response);
  co_return status;
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
