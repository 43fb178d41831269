#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/codec/codec.h"
#include "weft/coro/frame/small_task.h"
#include "weft/coro/task.h"
#include "weft/edge/answer/internal/cors.h"
#include "weft/edge/answer/internal/response_fields.h"
#include "weft/edge/internal/call_request.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/http/http_handler.h"

namespace weft::edge {

/// A call's codec. A message that it does not take is the caller's own mistake here, which it is
/// told as INVALID_ARGUMENT; on the way of a call that becomes INTERNAL, as gRPC has it. Of one
/// call.
class CallCodec final : public Codec {
 public:
  CallCodec(std::shared_ptr<const Codec> codec, weft::Context& context) noexcept
      : codec_(std::move(codec)), context_(context) {}
  std::string_view name() const noexcept override { return codec_->name(); }
  Result<Message> encode(const google::protobuf::MessageLite& object) const override {
    return codec_->encode(object);
  }
  /// Ends the call where the message is not taken.
  Status decode(const Message& message, google::protobuf::MessageLite& into) const override;

 private:
  const std::shared_ptr<const Codec> codec_;
  weft::Context& context_;
};

/// A call that has come as an HTTP request, between its exchange and the dispatcher. Belongs to its
/// exchange's loop, and lives in the coroutine that serves the exchange.
///
///     run() ──▶ the handler runs ──the first of: it ends, deadline, client gone, limit──▶ decided
///     decided ──▶ end() writes the rest of the response ──▶ the handler has ended ──▶ over
///
/// The status is decided once. From then on the handler neither reads nor writes.
class ServedCall : protected Call, private Runnable {
 public:
  ServedCall(rpc::HttpExchange& exchange, CallRequest& request, const Cors& cors);
  ServedCall(const ServedCall&) = delete;
  ServedCall& operator=(const ServedCall&) = delete;

  /// Serves the call to its end.
  Task<> run();

 protected:
  virtual ~ServedCall() = default;

  /// The next message of the request, as MessageReader::poll().
  virtual MessageReader::Poll receive(Message& out) = 0;
  /// Sends a message, which is within the limit, as MessageWriter::offer().
  virtual MessageWriter::Poll send(const Message& message) = 0;
  /// The handler wants the response's metadata to be sent.
  virtual void announce() noexcept {}
  /// Writes what is missing of the response.
  virtual Task<> end(const Status& status) = 0;
  /// Bytes that this holds of the request's content, and of a response that waits for the end.
  virtual std::size_t content_memory() const noexcept = 0;

  rpc::HttpExchange& exchange() const noexcept { return exchange_; }
  const CallRequest& request() const noexcept { return request_; }
  const rpc::CallRules& rules() const noexcept { return exchange_.dispatcher().rules(); }
  /// The limit of a message that comes.
  std::size_t limit() const noexcept { return max_receive_size(); }
  /// What the response is compressed by.
  Compression sent_compression() const noexcept;
  /// Says what is held now; ends the call where that is too much. False then.
  bool account();
  /// What the response can say of `status`, which is not OK without a response where the method has
  /// one, and of the metadata that come with it: what cannot be sent is dropped.
  Status answerable(const Status& status, bool has_response);
  /// Begins the response, with what lets a page of another origin see it.
  Status begin_response(int http_status, ResponseFields& fields);
  /// Whether a message may be read now. Where others have done much in this round of the loop, it
  /// waits for a turn of its own: receive() says Pending then.
  bool may_read() noexcept;
  /// Ends the call because of what the client has sent. The poll that says so.
  MessageReader::Poll refuse(const Status& status);
  /// A message that came compressed; what it may inflate to is bounded. Not OK where there is no
  /// room for it either: the call has ended then.
  Result<Bytes> inflate(std::string_view packed);

 private:
  struct Requests final : MessageReader {
    explicit Requests(ServedCall& of) noexcept : self(of) {}
    Poll poll(Message& out) override;
    void wait(Waiter& waiter) noexcept override;
    bool unwait() noexcept override;
    void hold(const void* object, Measure memory) override;
    ServedCall& self;
    Waiter* waiting = nullptr;  // was given to the exchange, or waits for turn_
  };
  struct Responses final : MessageWriter {
    explicit Responses(ServedCall& of) noexcept : self(of) {}
    Poll offer(const Message& message) override;
    void wait(Waiter& waiter) noexcept override;
    bool unwait() noexcept override;
    ServedCall& self;
    Waiter* waiting = nullptr;  // was given to the exchange
  };
  struct Cancellation final : weft::CancelHook {
    explicit Cancellation(ServedCall& of) noexcept
        : weft::CancelHook([](weft::CancelHook& hook, const Status& reason) noexcept {
            static_cast<Cancellation&>(hook).self.decide(reason);
          }),
          self(of) {}
    ServedCall& self;
  };
  /// `co_await`: until something has happened.
  struct Changed;
  struct Resume final : Runnable {
    explicit Resume(ServedCall& of) noexcept;
    ServedCall& self;
  };

  /// The turn that a message waits for.
  struct OwnTurn final : Runnable {
    explicit OwnTurn(ServedCall& of) noexcept;
    ServedCall& self;
  };

  static void start(Runnable& runnable) noexcept;
  void on_task_done() noexcept;
  void decide(const Status& status) noexcept;
  void changed() noexcept;
  void tell_refusal() const noexcept;

  rpc::HttpExchange& exchange_;
  CallRequest& request_;
  const Cors& cors_;
  CallCodec codec_;
  std::unique_ptr<const weft::Context> carried_;
  std::size_t kept_ = 0;  // bytes of the message that was read last, or of its object
  TimePoint parsing_since_{};
  Status status_;
  bool decided_ = false;
  bool handled_ = false;   // nothing of the handler runs
  bool resuming_ = false;  // resume_ is queued
  bool wants_turn_ = false;
  bool has_turn_ = false;  // for one message
  Requests requests_{*this};
  Responses responses_{*this};
  Cancellation cancellation_{*this};
  Resume resume_{*this};
  OwnTurn turn_{*this};
  std::coroutine_handle<> waiting_;
  coro::SmallTask<Status> task_;
};

}  // namespace weft::edge
