#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "weft/base/bytes.h"
#include "weft/base/intrusive_list.h"
#include "weft/base/status.h"
#include "weft/coro/frame/frame_pool.h"
#include "weft/coro/frame/small_task.h"
#include "weft/messaging/nats/internal/envelope.h"
#include "weft/messaging/nats/protocol/parser.h"
#include "weft/rpc/call/call.h"

namespace weft::nats {

class ServerPart;

/// Links a call into the list of its part of the server.
struct ServedCallNode : ListNode {};

/// A call that came over the broker. Its status is decided once: by the handler's end, the
/// deadline, or the server's stop; then the reply is sent. It lives until its handler has ended.
class ServedCall final : public coro::Pooled,
                         public ServedCallNode,
                         private Runnable,
                         private Call {
 public:
  /// Has the call run in this turn of the part's loop. `request` is copied; `held`: what the part
  /// counts for it.
  static void begin(ServerPart& part, std::string path, const Operation& request, std::size_t held);

  void cancel(const Status& reason) noexcept { context().cancel(reason); }
  /// Nothing of its loop will run any more.
  void loop_ended() noexcept { delete this; }
  using Call::path;

 private:
  ServedCall(ServerPart& part, std::string path, const Operation& request, std::size_t held);
  ~ServedCall();

  /// The one request, which is there from the beginning.
  struct Requests final : MessageReader {
    explicit Requests(ServedCall& of) noexcept : call(of) {}
    Poll poll(Message& out) override;
    void wait(Waiter& waiter) noexcept override { call.loop().ready(waiter); }
    bool unwait() noexcept override { return false; }
    ServedCall& call;
  };
  /// Keeps the one response, which leaves with the status.
  struct Responses final : MessageWriter {
    explicit Responses(ServedCall& of) noexcept : call(of) {}
    Poll offer(const Message& message) override;
    void wait(Waiter& waiter) noexcept override { call.loop().ready(waiter); }
    bool unwait() noexcept override { return false; }
    ServedCall& call;
  };
  struct Cancellation final : weft::CancelHook {
    explicit Cancellation(ServedCall& of) noexcept
        : weft::CancelHook([](weft::CancelHook& hook, const Status& reason) noexcept {
            static_cast<Cancellation&>(hook).call.decide(reason);
          }),
          call(of) {}
    ServedCall& call;
  };

  static void start(Runnable& runnable) noexcept;
  /// Not OK: why the call is not served.
  Status prepare();
  Status take_payload(Compression compression);
  Status take_too_large() const;
  void refuse(const Status& status) noexcept;
  void on_task_done() noexcept;
  void decide(const Status& status) noexcept;
  Status with_valid_metadata(const Status& status);
  void reply(const Status& status);
  std::string_view format() const noexcept;

  ServerPart& part_;
  const std::string own_path_;
  const std::string reply_to_;
  Bytes request_;     // headers and payload
  std::size_t held_;  // bytes that the part counts
  std::size_t headers_size_;
  std::size_t size_;  // of a request that is too large
  bool too_large_;
  const TimePoint arrived_;
  CompressionSet accepted_;
  std::unique_ptr<const weft::Context> carried_;
  Message message_;  // the request
  Message response_;
  int responses_count_ = 0;
  bool read_ = false;
  bool decided_ = false;
  Requests requests_{*this};
  Responses responses_{*this};
  Cancellation cancellation_{*this};
  coro::SmallTask<Status> task_;
};

}  // namespace weft::nats
