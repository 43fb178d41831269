#pragma once

#include <optional>

#include "weft/codec/message.h"
#include "weft/coro/task.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/client/unary_call.h"

// What a middleware needs that keeps the answer of a unary call, and answers others with it.
namespace weft::middleware {

/// Puts a request that was read from a call back in front of who serves it. For as long as it
/// exists.
class RequestPutBack {
 public:
  RequestPutBack(Call& call, Message request)
      : call_(call), before_(call.requests()), again_(std::move(request)) {
    call.set_requests(again_);
  }
  RequestPutBack(const RequestPutBack&) = delete;
  RequestPutBack& operator=(const RequestPutBack&) = delete;
  ~RequestPutBack() { call_.set_requests(before_); }

 private:
  Call& call_;
  MessageReader& before_;
  rpc::SingleRequest again_;
};

/// An answer with OK.
struct Answer {
  Message message;
  Metadata response_metadata;
  Metadata trailers;
};

/// Passes the one response of a call on and keeps it. For as long as it exists.
class ResponseTap final : public MessageWriter {
 public:
  explicit ResponseTap(Call& call) : call_(call), inner_(call.responses()) {
    call.set_responses(*this);
  }
  ResponseTap(const ResponseTap&) = delete;
  ResponseTap& operator=(const ResponseTap&) = delete;
  ~ResponseTap() { call_.set_responses(inner_); }

  Poll offer(const Message& message) override;
  void wait(Waiter& waiter) noexcept override { inner_.wait(waiter); }
  bool unwait() noexcept override { return inner_.unwait(); }

  /// The answer, once the call has ended with OK; nothing where it was not one message.
  std::optional<Answer> answer() const;

 private:
  Call& call_;
  MessageWriter& inner_;
  std::optional<Message> kept_;
  int count_ = 0;
};

/// Gives a call an answer that another one got.
Task<Status> deliver(Call& call, const Answer& answer);

}  // namespace weft::middleware
