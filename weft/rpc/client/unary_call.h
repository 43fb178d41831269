#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "weft/base/result.h"
#include "weft/codec/protobuf.h"
#include "weft/coro/frame/hand_written.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/call_options.h"
#include "weft/rpc/call/message/slow_parse.h"
#include "weft/rpc/call/service.h"

namespace weft::rpc {

/// The one request of a unary or server-streaming call, as a direction of messages.
class SingleRequest final : public MessageReader {
 public:
  explicit SingleRequest(Message message) noexcept : message_(std::move(message)) {
    message_.set_last();
  }
  explicit SingleRequest(const google::protobuf::MessageLite& object)
      : message_(codec::message_of(object)) {
    message_.set_last();
  }
  /// Before it has been read.
  void replace(Message message) noexcept { message_ = std::move(message).mark_last(); }
  Poll poll(Message& out) override {
    if (sent_) return Poll::End;
    sent_ = true;
    out = message_;
    return Poll::Message;
  }
  // Never pending, so there is no waiter.
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
  Poll take(Message& message) override {
    if (message.borrows()) return offer(message);
    ++count_;
    response_ = std::move(message);
    return Poll::Accepted;
  }
  void wait(Waiter& waiter) noexcept override;
  bool unwait() noexcept override { return false; }

  /// The call's status once it has ended with `status`: parses the response, or says that there was
  /// none or more than one. `codec`: the call's.
  Status finish(Status status, google::protobuf::MessageLite& into,
                const Codec* codec = nullptr) const;
  /// As above; nothing where the response is slow to parse, which `slow` does then.
  std::optional<Status> finish(Status status, google::protobuf::MessageLite& into,
                               std::unique_ptr<SlowParse>& slow,
                               const Codec* codec = nullptr) const;
  /// As above, with the response as bytes; once.
  Status finish(Status status, Bytes& into);

 private:
  Status count_checked(Status status) const;
  Message response_;
  std::size_t count_ = 0;
};

/// The client's end of a unary call; lives in the frame of the coroutine that awaits it.
class UnaryCall {
 public:
  /// Only on a loop's thread. A request of bytes is protobuf, or what CallOptions::codec says.
  /// `options` must outlive the call; a temporary does not compile.
  UnaryCall(net::Loop& loop, Context* parent, Service& service, const MethodDescriptor& method,
            Message request, const CallOptions& options);
  UnaryCall(net::Loop& loop, Context* parent, Service& service, const MethodDescriptor& method,
            const google::protobuf::MessageLite& request, const CallOptions& options);
  UnaryCall(net::Loop& loop, Context* parent, Service& service, const MethodDescriptor& method,
            Message request, CallOptions&& options) = delete;
  UnaryCall(net::Loop& loop, Context* parent, Service& service, const MethodDescriptor& method,
            const google::protobuf::MessageLite& request, CallOptions&& options) = delete;

  Task<Status> run() { return service_->serve(call_).in(call_.context()); }
  /// After run(): gives the metadata to the caller if it asked for it, and parses the response.
  Status finish(Status status, google::protobuf::MessageLite& into);
  /// As above; nothing where the response is slow to parse, which `slow` does then.
  std::optional<Status> finish(Status status, google::protobuf::MessageLite& into,
                               std::unique_ptr<SlowParse>& slow);
  /// As above, with the response as bytes.
  Status finish(Status status, Bytes& into);
  Context& context() noexcept { return call_.context(); }

 private:
  void begin();
  void encode(const google::protobuf::MessageLite& request);

  Service* service_;
  const CallOptions& options_;
  SingleRequest request_;
  SingleResponse response_;
  Call call_;
};

/// Puts the caller's options into a call, but for the codec. Copies the metadata.
void apply(const CallOptions& options, Call& call);
/// Whether choose_codec() has anything to do.
inline bool chooses_codec(const CallOptions& options, const Service& service) noexcept {
  return options.codec != nullptr || service.codec() != nullptr;
}
/// Gives a call the codec of the caller's choice, or else the service's.
void choose_codec(const CallOptions& options, const Service& service, Call& call);
/// Moves what the server sent beside its messages to where the caller asked for it.
void hand_over_metadata(const CallOptions& options, Call& call);
/// Why a coroutine call outside of any loop fails.
Status no_loop();

/// The coroutine of a unary call on a client; every call has one, so it is written by hand.
template <class Response>
class UnaryCalling final : public coro::HandWritten<UnaryCalling<Response>, Result<Response>> {
 public:
  UnaryCalling(Service& service, const MethodDescriptor& method,
               const google::protobuf::MessageLite& request, const CallOptions& options)
      : service_(service), method_(method), request_(request), options_(options) {}

  bool advance() {
    if (!call_) {
      net::Loop* loop = net::Loop::current();
      if (loop == nullptr) return this->end(no_loop());
      call_.emplace(*loop, this->context(), service_, method_, request_, options_);
      served_ = call_->run();
      if (this->waits_for(served_)) return false;
    }
    return parsing_ == nullptr ? finish() : take_parsed();
  }

 private:
  struct Parsing final : Waiter, coro::Pooled {
    explicit Parsing(UnaryCalling& of) noexcept : Waiter(&Parsing::over), self(of) {}
    static void over(Runnable& runnable) noexcept { static_cast<Parsing&>(runnable).self.go_on(); }
    UnaryCalling& self;
    Result<Response>* response = nullptr;
    std::unique_ptr<SlowParse> slow;
  };

  bool finish() {
    Result<Response>& response = this->end_in_place(std::in_place);
    std::unique_ptr<SlowParse> slow;
    std::optional<Status> status = call_->finish(served_.take(), *response, slow);
    if (!status) [[unlikely]]
      return wait_parsed(response, std::move(slow));
    if (!status->ok()) response = *std::move(status);
    return true;
  }
  bool wait_parsed(Result<Response>& response, std::unique_ptr<SlowParse> slow) {
    parsing_ = std::make_unique<Parsing>(*this);
    parsing_->response = &response;
    parsing_->slow = std::move(slow);
    parsing_->slow->wait(*parsing_, call_->context());
    return false;
  }
  bool take_parsed() {
    Result<Response>& response = *parsing_->response;
    SlowParse& slow = *parsing_->slow;
    if (!slow.done()) {
      response = Status(call_->context().cancel_reason());
    } else if (!slow.status().ok()) {
      response = std::move(slow.status());
    } else {
      slow.swap_into(*response);
    }
    return true;
  }

  Service& service_;
  const MethodDescriptor& method_;
  const google::protobuf::MessageLite& request_;
  const CallOptions options_;
  std::optional<UnaryCall> call_;  // from the first advance() on
  Task<Status> served_ = Status();
  std::unique_ptr<Parsing> parsing_;
};

/// What a generated client's unary method returns. `request` must outlive it.
template <class Response>
Task<Result<Response>> call_unary(Service& service, const MethodDescriptor& method,
                                  const google::protobuf::MessageLite& request,
                                  const CallOptions& options) {
  return UnaryCalling<Response>::make(service, method, request, options);
}

}  // namespace weft::rpc
