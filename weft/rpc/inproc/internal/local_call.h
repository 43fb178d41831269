#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weft/base/intrusive_list.h"
#include "weft/base/status.h"
#include "weft/coro/frame/frame_pool.h"
#include "weft/coro/frame/small_task.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/call/observer.h"

namespace weft::rpc {

class InprocPart;
struct Route;

/// Of ServerOptions.
struct CallLimits {
  std::size_t max_receive_size;
  std::size_t max_send_size;
  std::size_t max_metadata_size;
};

/// What a server needs to know of a call before its messages.
struct CallHead {
  std::string_view path;
  /// Where the dispatcher leads that, if it is known; else it is looked up.
  const Route* route = nullptr;
  /// Which outlives the call, so that cancellation and deadline reach it; null: a root.
  Context* parent = nullptr;
  TimePoint deadline = kNever;
  Metadata metadata{};
  /// Trace and baggage of a call without a parent; null: none.
  std::unique_ptr<const Context> carried{};
  /// The format of the messages (Codec::name()); empty: protobuf.
  std::string_view format{};
  /// Of the caller's, for messages.
  std::size_t max_send_size = SIZE_MAX;
  std::size_t max_receive_size = SIZE_MAX;
};

/// Who made a call, and is told what becomes of it. Until ended().
class LocalCaller {
 public:
  /// Once; the metadata may be moved from.
  virtual void on_response_metadata(Metadata& metadata) noexcept = 0;
  /// The call is over for the caller, whose messages are not touched any more. The handler may
  /// still run. The status has the origin that it has for the caller: Local where it is a limit of
  /// the caller's, else Peer. The trailers may be moved from. Where `goes_on`, go_on_at_top()
  /// follows: nothing is on the stack then but the loop.
  virtual void on_ended(Status status, Metadata& trailers, bool goes_on) noexcept = 0;
  virtual void go_on_at_top() noexcept = 0;

 protected:
  ~LocalCaller() = default;
};

/// Links a call into the list of its part of the server.
struct LocalCallNode : ListNode {};

/// One call on a server, of a caller in the same process: its messages go from one to the other as
/// they are. What a caller over the network would notice is as there: limits, metadata that could
/// not be sent, the status is the first there is. It lives until its handler has ended.
class LocalCall final : public coro::Pooled, public LocalCallNode, private Runnable, private Call {
 public:
  /// Has the call run in this turn of the part's loop, on which all of these are. `caller` is told
  /// of it, at the earliest in this turn, unless it goes: gone().
  static LocalCall* begin(InprocPart& part, CallHead head, MessageReader& requests,
                          MessageWriter& responses, LocalCaller& caller);

  /// Nobody waits for its outcome any more.
  void gone() noexcept;
  void cancel(const Status& reason) noexcept { context().cancel(reason); }
  /// Nothing of its loop will run any more.
  void loop_ended() noexcept;
  using Call::path;

 private:
  LocalCall(InprocPart& part, CallHead& head, MessageReader& requests, MessageWriter& responses,
            LocalCaller& caller);
  ~LocalCall();

  struct Requests final : MessageReader {
    explicit Requests(LocalCall& of) noexcept : call(of) {}
    Poll poll(Message& out) override { return call.receive(out); }
    void wait(Waiter& waiter) noexcept override;
    bool unwait() noexcept override;
    LocalCall& call;
    Waiter* waiting = nullptr;  // was given to the caller's
  };
  struct Responses final : MessageWriter {
    explicit Responses(LocalCall& of) noexcept : call(of) {}
    Poll offer(const Message& message) override {
      const Poll refused = call.before_sending(message);
      return refused == Poll::Accepted ? call.sink_->offer(message) : refused;
    }
    Poll take(Message& message) override {
      const Poll refused = call.before_sending(message);
      return refused == Poll::Accepted ? call.sink_->take(message) : refused;
    }
    void wait(Waiter& waiter) noexcept override;
    bool unwait() noexcept override;
    LocalCall& call;
    Waiter* waiting = nullptr;  // was given to the caller's
  };

  struct Cancellation final : weft::CancelHook {
    explicit Cancellation(LocalCall& of) noexcept
        : weft::CancelHook([](weft::CancelHook& hook, const Status& reason) noexcept {
            static_cast<Cancellation&>(hook).call.finish(reason);
          }),
          call(of) {}
    LocalCall& call;
  };

  void use_format(std::string_view name);
  void refuse(const Status& status) noexcept;
  void observe(Observer& observer);
  static void start(Runnable& runnable) noexcept;
  void on_task_done() noexcept;
  void end_at_top() noexcept;
  Status take_status() noexcept;
  MessageReader::Poll receive(Message& out);
  /// A message is larger than the caller lets go or come in, or the server.
  void end_too_large(std::string message, bool callers_limit) noexcept;
  /// Accepted: the message may be given to the caller.
  MessageWriter::Poll before_sending(const Message& message);
  bool announce();
  Status check(Metadata& metadata, std::string_view what);
  void finish(const Status& status) noexcept;

  InprocPart& part_;
  std::unique_ptr<std::string> own_path_;  // where no route has it
  std::unique_ptr<const weft::Context> carried_;
  MessageReader* source_;
  MessageWriter* sink_;
  LocalCaller* caller_;  // until it has been told the end
  std::size_t caller_max_send_;
  std::size_t caller_max_receive_;
  bool callers_limit_ = false;  // what the call is cancelled for
  bool announced_ = false;
  bool starting_ = false;  // start() is under way, which looks at the call once more
  bool over_ = false;      // the handler has ended in it
  bool goes_on_ = false;
  bool observed_ = false;
  Status unserved_;  // why it is refused
  Requests requests_{*this};
  Responses responses_{*this};
  Cancellation cancellation_{*this};
  coro::SmallTask<Status> task_;
};

}  // namespace weft::rpc
