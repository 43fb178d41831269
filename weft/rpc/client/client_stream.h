#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "weft/base/result.h"
#include "weft/codec/protobuf.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/call_options.h"
#include "weft/rpc/call/message/typed_stream.h"
#include "weft/rpc/client/streaming_call.h"
#include "weft/rpc/client/unary_call.h"

namespace weft {

/// What the client's ends of streaming calls have in common. Belongs to the loop it was opened on.
/// Destroying one before the call's end cancels the call.
class ClientStream {
 public:
  /// Ends the call with CANCELLED.
  void cancel() { handle_->cancel(cancelled("the caller cancelled the call")); }
  /// Suspends until the server's initial metadata has arrived, or the call has ended.
  Task<> response_metadata_arrived() { return wait_response_metadata(*handle_); }
  const Metadata& response_metadata() const { return handle_->call().response_metadata(); }
  /// Complete once the call has ended.
  const Metadata& trailers() const { return handle_->call().trailers(); }
  Call& call() const noexcept { return handle_->call(); }

 protected:
  explicit ClientStream(rpc::StreamingCall::Handle handle) noexcept : handle_(std::move(handle)) {}
  static Task<> wait_response_metadata(rpc::StreamingCall& call);
  /// Drops unread responses, then waits for the end.
  static Task<Status> wait_end(rpc::StreamingCall& call);
  /// Takes the one response, then waits for the end.
  static Task<Status> wait_response(rpc::StreamingCall& call, google::protobuf::MessageLite& into);

  rpc::StreamingCall::Handle handle_;
};

/// A server-streaming call: one request, many responses.
template <class Response>
class ClientReader : public ClientStream {
 public:
  explicit ClientReader(rpc::StreamingCall::Handle handle)
      : ClientStream(std::move(handle)),
        reader_(handle_->responses(), call().context(), call().codec()) {}

  /// The next response; nothing at the end, and finish() then says what kind of end it was.
  [[nodiscard("co_await it: until then nothing happens")]] auto read() { return reader_.read(); }
  [[nodiscard("co_await it: until then nothing happens")]] auto read(Response& into) {
    return reader_.read(into);
  }
  /// How the call ended. Responses that were not read are dropped.
  Task<Status> finish() {
    Status broken = reader_.parse_status();
    return broken.ok() ? wait_end(*handle_) : Task<Status>(std::move(broken));
  }

 private:
  Reader<Response> reader_;
};

/// A client-streaming call: many requests, one response.
template <class Request, class Response>
class ClientWriter : public ClientStream {
 public:
  explicit ClientWriter(rpc::StreamingCall::Handle handle)
      : ClientStream(std::move(handle)),
        writer_(handle_->requests(), call().context(), call().codec()) {}

  /// False when the call is over; finish() says why.
  [[nodiscard("co_await it: until then nothing happens")]] auto write(const Request& request,
                                                                      WriteOptions options = {}) {
    return writer_.write(request, options);
  }
  /// Ends the requests and waits for the response.
  Task<Result<Response>> finish() { return finish(handle_.get()); }

 private:
  static Task<Result<Response>> finish(rpc::StreamingCall* call) {
    call->half_close();
    Response response;
    Status status = co_await wait_response(*call, response);
    if (!status.ok()) co_return status;
    co_return response;
  }
  Writer<Request> writer_;
};

/// A bidirectional call. Reading and writing may go on in two coroutines at the same time.
template <class Request, class Response>
class ClientReaderWriter : public ClientStream {
 public:
  explicit ClientReaderWriter(rpc::StreamingCall::Handle handle)
      : ClientStream(std::move(handle)),
        reader_(handle_->responses(), call().context(), call().codec()),
        writer_(handle_->requests(), call().context(), call().codec()) {}

  [[nodiscard("co_await it: until then nothing happens")]] auto read() { return reader_.read(); }
  [[nodiscard("co_await it: until then nothing happens")]] auto read(Response& into) {
    return reader_.read(into);
  }
  [[nodiscard("co_await it: until then nothing happens")]] auto write(const Request& request,
                                                                      WriteOptions options = {}) {
    return writer_.write(request, options);
  }
  /// No more requests.
  void half_close() { handle_->half_close(); }
  /// Half-closes and waits for the end. Responses that were not read are dropped.
  Task<Status> finish() {
    handle_->half_close();
    Status broken = reader_.parse_status();
    return broken.ok() ? wait_end(*handle_) : Task<Status>(std::move(broken));
  }

 private:
  Reader<Response> reader_;
  Writer<Request> writer_;
};

namespace rpc {

/// `co_await open_stream<Stream>(...)`: starts a call in the awaiting coroutine's context. It does
/// not suspend.
template <class Stream>
class [[nodiscard("co_await it: until then nothing happens")]] OpenStream {
 public:
  OpenStream(Service& service, const MethodDescriptor& method,
             const google::protobuf::MessageLite* request, const CallOptions& options) noexcept
      : service_(service), method_(method), request_(request), options_(options) {}
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> handle) noexcept {
    context_ = coro::context_of(handle);
    return false;
  }
  Stream await_resume() {
    return Stream(StreamingCall::start(context_, service_, method_, request_, options_));
  }

 private:
  Service& service_;
  const MethodDescriptor& method_;
  const google::protobuf::MessageLite* request_;
  CallOptions options_;
  Context* context_ = nullptr;
};

}  // namespace rpc
}  // namespace weft
