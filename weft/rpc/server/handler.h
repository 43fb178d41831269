#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weft/base/catch_all.h"
#include "weft/base/result.h"
#include "weft/codec/protobuf.h"
#include "weft/codec/reused.h"
#include "weft/coro/frame/hand_written.h"
#include "weft/coro/frame/small_task.h"
#include "weft/coro/task.h"
#include "weft/net/loop/serving.h"
#include "weft/rpc/call/message/slow_parse.h"
#include "weft/rpc/call/message/typed_stream.h"
#include "weft/rpc/call/service.h"
#include "weft/rpc/server/server_context.h"

/// What generated service classes call: each serves one kind of method with a member function of
/// the user's class. Until that first awaits something, another thread may run the loop (UserCode).
/// What it throws becomes the call's status here, so that every middleware sees that.
namespace weft::rpc {

/// What becomes of an exception of the user's code while it serves a call of `path`: INTERNAL, or
/// RESOURCE_EXHAUSTED for std::bad_alloc. Logs what it says, which is not for a peer's eyes. Call
/// it inside a catch block.
Status status_of_exception(std::string_view path) noexcept;

/// Reads the one request of a call; false while it has not come, or `slow` is still parsed.
/// `status` is not OK where there is none, and `size` its bytes.
bool read_single(Call& call, google::protobuf::MessageLite& into, std::size_t& size, Status& status,
                 std::unique_ptr<SlowParse>& slow);
/// What a request that was slow to parse comes to, whose memory the call's account gets; not OK
/// where the call is over.
Status slow_request(Call& call, SlowParse& slow);

/// Where requests are parsed into.
template <class Request>
using ReusedRequest = codec::Reused<Request, &destroy_elsewhere>;
/// Writes the one response of a call; false while the window is closed. `status` is the call's
/// where it was not taken.
bool write_single(Call& call, const google::protobuf::MessageLite& from, Status& status);

/// `co_await SingleRead(call, request)`: OK, or why there is no request. Its bytes are not kept in
/// the coroutine's frame, which is what a pending call costs.
template <class Request>
class [[nodiscard("co_await it: until then nothing happens")]] SingleRead
    : public DirectionAwaiter<SingleRead<Request>, MessageReader> {
 public:
  SingleRead(Call& call, ReusedRequest<Request>& into) noexcept
      : SingleRead::DirectionAwaiter(call.requests()), call_(call), into_(into) {}
  Status await_resume() noexcept { return std::move(status_); }

 private:
  friend class DirectionAwaiter<SingleRead, MessageReader>;
  bool advance() {
    if (slow_ != nullptr) {
      status_ = slow_request(call_, *slow_);
      if (status_.ok()) into_.adopt(static_cast<Request*>(slow_->take()));
      slow_.reset();
      return true;
    }
    std::size_t size = 0;
    if (!read_single(call_, *into_, size, status_, slow_)) {
      if (slow_ != nullptr) renew(*into_);
      return false;
    }
    into_.note_parsed(size);
    hold_parsed(this->direction(), size, *into_);
    return true;
  }
  void wait_on(Waiter& waiter) noexcept {
    slow_ != nullptr ? slow_->wait(waiter, call_.context()) : this->direction().wait(waiter);
  }

  Call& call_;
  ReusedRequest<Request>& into_;
  std::unique_ptr<SlowParse> slow_;
  Status status_;
};

/// `co_await SingleWrite(call, response)`: OK, or the call's status where it was not taken.
class [[nodiscard("co_await it: until then nothing happens")]] SingleWrite
    : public DirectionAwaiter<SingleWrite, MessageWriter> {
 public:
  SingleWrite(Call& call, const google::protobuf::MessageLite& from) noexcept
      : DirectionAwaiter(call.responses()), call_(call), from_(from) {}
  Status await_resume() noexcept { return std::move(status_); }

 private:
  friend DirectionAwaiter;
  bool advance() { return write_single(call_, from_, status_); }

  Call& call_;
  const google::protobuf::MessageLite& from_;
  Status status_;
};

/// The path of a call's method as it stands in its descriptor, for net::Serving.
inline const std::string_view* lasting_path(const Call& call) noexcept {
  return call.method() == nullptr ? nullptr : &call.method()->path;
}

/// Calls a handler, and runs it until it first awaits something, as code of the user's; awaiting it
/// gives the handler's result, or what became of its exception, where it lies, as long as this
/// does. `Begin` gives the handler's task.
template <class Begin>
class [[nodiscard("co_await it: until then nothing happens")]] Handling {
 public:
  Handling(Call& call, Begin begin) : call_(call), begin_(std::move(begin)) {}
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> serving_call) {
    bool pending = false;
    catch_all([&] { pending = begin(serving_call); }, [&] { note_exception(); });
    return pending;
  }
  auto& await_resume() {
    if (!thrown_) catch_all([&] { static_cast<void>(task_->result()); }, [&] { note_exception(); });
    return thrown_ ? *thrown_ : task_->result();
  }

 private:
  using Handled = std::invoke_result_t<Begin&>;
  using Outcome = std::remove_cvref_t<decltype(std::declval<Handled&>().result())>;

  template <class P>
  bool begin(std::coroutine_handle<P> serving_call) {
    const UserCode user_code;
    const net::Serving serving(call_.loop(), lasting_path(call_), call_.context());
    typename Handled::Awaiter awaiter(task_.emplace(begin_()));
    return !awaiter.await_ready() && awaiter.await_suspend(serving_call);
  }
  void note_exception() noexcept { thrown_.emplace(status_of_exception(call_.path())); }

  Call& call_;
  Begin begin_;
  std::optional<Handled> task_;
  std::optional<Outcome> thrown_;
};

/// The coroutine that serves a unary call, between its messages and the user's method:
///
///   Reading ──the request is there──▶ Handling ──the handler has ended──▶ Writing ──taken──▶ end
///      └──it is slow to parse──▶ Parsing ──▲
///
/// Every call has one, so it is written by hand.
template <auto kMethod>
class UnaryServing;

template <class Handler, class Request, class Response,
          Task<Result<Response>> (Handler::*kMethod)(ServerContext&, const Request&)>
class UnaryServing<kMethod> final : public coro::HandWritten<UnaryServing<kMethod>, Status> {
 public:
  UnaryServing(Call& call, Handler& handler) : context_(call), handler_(handler) {}
  /// A coroutine may be destroyed while it waits.
  ~UnaryServing() {
    if (wait_ == nullptr) return;
    if (stage_ == Stage::Reading) call().requests().unwait();
    if (stage_ == Stage::Writing) call().responses().unwait();
  }

  bool advance() {
    bool ended = true;
    catch_all([&] { ended = step(); }, [&] { this->end(status_of_exception(call().path())); });
    return ended;
  }

 private:
  enum class Stage : std::uint8_t { Reading, Parsing, Handling, Writing };

  struct Wait final : Waiter, coro::Pooled {
    explicit Wait(UnaryServing& of) noexcept : Waiter(&Wait::over), self(of) {}
    static void over(Runnable& runnable) noexcept {
      UnaryServing& self = static_cast<Wait&>(runnable).self;
      if (self.stage_ != Stage::Parsing) self.wait_.reset();
      self.go_on();
    }
    UnaryServing& self;
    std::unique_ptr<SlowParse> slow;
  };
  Call& call() noexcept { return context_.call(); }
  bool step() {
    if (stage_ == Stage::Reading) return read();
    if (stage_ == Stage::Parsing) return take_parsed();
    return respond(task_.result()) || wait(call().responses());
  }
  bool wait(auto& direction) {
    wait_ = std::make_unique<Wait>(*this);
    direction.wait(*wait_);
    return false;
  }

  bool read() {
    std::size_t size = 0;
    Status status;
    std::unique_ptr<SlowParse> slow;
    if (!read_single(call(), *request_, size, status, slow)) {
      return slow == nullptr ? wait(call().requests()) : wait_parsed(std::move(slow));
    }
    request_.note_parsed(size);
    return status.ok() ? handle(size) : this->end(std::move(status));
  }
  bool wait_parsed(std::unique_ptr<SlowParse> slow) {
    renew(*request_);
    stage_ = Stage::Parsing;
    wait_ = std::make_unique<Wait>(*this);
    wait_->slow = std::move(slow);
    wait_->slow->wait(*wait_, call().context());
    return false;
  }
  bool take_parsed() {
    const std::unique_ptr<Wait> waited = std::move(wait_);
    Status status = slow_request(call(), *waited->slow);
    if (!status.ok()) return this->end(std::move(status));
    request_.adopt(static_cast<Request*>(waited->slow->take()));
    waited->slow.reset();
    return handle(0);
  }
  bool handle(std::size_t size) {
    stage_ = Stage::Handling;
    Call& served = call();  // to ask for it later would end the UserCode
    const UserCode user_code;
    net::Serving serving(served.loop(), lasting_path(served), served.context());
    Task<Result<Response>> task = (handler_.*kMethod)(context_, *request_);
    const bool pending = this->waits_for(task);
    serving.end();
    if (!pending && respond(task.result())) return true;
    hold_parsed(call().requests(), size, *request_);
    task_ = coro::SmallTask(std::move(task));
    return pending ? false : wait(call().responses());
  }
  /// Writes it from where it lies. False while the window is closed: it has to stay until then.
  bool respond(Result<Response>& response) {
    if (!response.ok()) return this->end(std::move(response).status());
    stage_ = Stage::Writing;
    Status status;
    return write_single(call(), *response, status) && this->end(std::move(status));
  }

  ServerContext context_;
  Handler& handler_;
  coro::SmallTask<Result<Response>> task_;
  std::unique_ptr<Wait> wait_;  // while it waits for a message, which few have to
  [[no_unique_address]] ReusedRequest<Request> request_;
  Stage stage_ = Stage::Reading;
};

template <auto kMethod, class Handler>
Task<Status> serve_unary(Call& call, Handler& handler) {
  return UnaryServing<kMethod>::make(call, handler);
}

template <class Handler, class Request, class Response>
Task<Status> serve_server_streaming(Call& call, Handler& handler,
                                    Task<Status> (Handler::*method)(ServerContext&, const Request&,
                                                                    Writer<Response>&)) {
  ReusedRequest<Request> request;
  Status status = co_await SingleRead(call, request);
  if (!status.ok()) co_return status;
  ServerContext context(call);
  Writer<Response> writer(call.responses(), call.context(), call.codec());
  auto begin = [&] { return (handler.*method)(context, *request, writer); };
  Handling handling(call, begin);
  Status& ended = co_await handling;
  co_return std::move(ended);
}

template <class Handler, class Request, class Response>
Task<Status> serve_client_streaming(Call& call, Handler& handler,
                                    Task<Result<Response>> (Handler::*method)(ServerContext&,
                                                                              Reader<Request>&)) {
  ServerContext context(call);
  Reader<Request> reader(call.requests(), call.context(), call.codec());
  auto begin = [&] { return (handler.*method)(context, reader); };
  Handling handling(call, begin);
  Result<Response>& response = co_await handling;
  if (!response.ok()) co_return std::move(response).status();
  // A stream that broke off must not look like one that ended, even to a handler that did not ask.
  Status status = reader.status();
  if (!status.ok()) co_return status;
  status = co_await SingleWrite(call, *response);
  co_return status;
}

template <class Handler, class Request, class Response>
Task<Status> serve_bidi_streaming(Call& call, Handler& handler,
                                  Task<Status> (Handler::*method)(ServerContext&, Reader<Request>&,
                                                                  Writer<Response>&)) {
  ServerContext context(call);
  Reader<Request> reader(call.requests(), call.context(), call.codec());
  Writer<Response> writer(call.responses(), call.context(), call.codec());
  auto begin = [&] { return (handler.*method)(context, reader, writer); };
  Handling handling(call, begin);
  Status& ended = co_await handling;
  Status status = std::move(ended);
  if (status.ok()) status = reader.status();
  co_return status;
}

/// What a generated method does that the user has not overridden.
Status not_implemented(const MethodDescriptor& method);

}  // namespace weft::rpc
