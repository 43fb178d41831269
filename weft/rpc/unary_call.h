#pragma once

#include "weft/base/result.h"
#include "weft/codec/protobuf.h"
#include "weft/coro/task.h"
#include "weft/net/loop.h"
#include "weft/rpc/call_options.h"
#include "weft/rpc/service.h"

namespace weft::rpc {

/// The one request of a unary or server-streaming call, as a direction of messages.
class SingleRequest final : public MessageReader {
 public:
  explicit SingleRequest(Message message) noexcept : message_(std::move(message).mark_last()) {}
  Poll poll(Message& out) override {
    if (sent_) return Poll::End;
    sent_ = true;
    out = message_;
    return Poll::Message;
  }
  // Never pending, so nobody waits.
  void wait(Waiter& waiter) noexcept override;
  bool unwait() noexcept override { return false; }
  bool rewind() noexcept override {
    sent_ = false;
    return true;
  }

 private:
  Message message_;
  bool sent_ = false;
};

/// Keeps the one response of a unary or client-streaming call.
class SingleResponse final : public MessageWriter {
 public:
  Poll offer(const Message& message) override {
    ++count_;
    response_ = message.owned();
    return Poll::Accepted;
  }
  void wait(Waiter& waiter) noexcept override;
  bool unwait() noexcept override { return false; }

  /// The call's status once it has ended with `status`: parses the response, or says that there was
  /// none or more than one.
  Status finish(Status status, google::protobuf::MessageLite& into) const;
  /// As above, for whoever wants the response as bytes; once.
  Status finish(Status status, Bytes& into);

 private:
  Status count_checked(Status status) const;
  Message response_;
  std::size_t count_ = 0;
};

/// The client's end of a unary call; lives in the frame of the coroutine that awaits it.
class UnaryCall {
 public:
  /// Only on a loop's thread.
  UnaryCall(net::Loop& loop, Context* parent, Service& service, const MethodDescriptor& method,
            Message request, const CallOptions& options);

  Task<Status> run() { return service_.serve(call_).in(call_.context()); }
  /// After run(): hands the metadata to who asked for it and parses the response.
  Status finish(Status status, google::protobuf::MessageLite& into);
  /// As above, for whoever wants the response as bytes.
  Status finish(Status status, Bytes& into);

 private:
  Service& service_;
  const CallOptions& options_;
  SingleRequest request_;
  SingleResponse response_;
  Call call_;
};

/// Puts the caller's options into a call.
void apply(const CallOptions& options, Call& call);
/// Moves what the server sent beside its messages to where the caller asked for it.
void hand_over_metadata(const CallOptions& options, Call& call);
/// Why a coroutine call outside of any loop fails.
Status no_loop();

/// What a generated client's unary method returns.
template <class Response>
Task<Result<Response>> call_unary(Service& service, const MethodDescriptor& method,
                                  const google::protobuf::MessageLite& request,
                                  CallOptions options) {
  net::Loop* loop = net::Loop::current();
  if (loop == nullptr) co_return no_loop();
  Context* context = co_await current_context();
  UnaryCall call(*loop, context, service, method, codec::message_of(request), options);
  Status status = co_await call.run();
  Response response;
  status = call.finish(std::move(status), response);
  if (!status.ok()) co_return status;
  co_return response;
}

}  // namespace weft::rpc
