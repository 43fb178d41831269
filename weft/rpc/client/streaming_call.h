#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

#include "weft/base/result.h"
#include "weft/codec/protobuf.h"
#include "weft/coro/task.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/call/call.h"
#include "weft/rpc/call/call_options.h"
#include "weft/rpc/call/message/message_pipe.h"
#include "weft/rpc/call/service.h"
#include "weft/rpc/client/unary_call.h"

namespace weft::rpc {

/// The client's end of a streaming call. It runs the service's coroutine beside the caller's and
/// stays alive until that has ended, also where the caller has let go of it before.
class StreamingCall : private CancelHook {
 public:
  struct Release {
    void operator()(StreamingCall* call) const noexcept { call->release(); }
  };
  using Handle = std::unique_ptr<StreamingCall, Release>;

  /// Starts the call on this thread's loop in a child of `parent`; terminates the program where the
  /// thread has no loop. `request` is the one request of a server-streaming call, else null.
  static Handle start(Context* parent, Service& service, const MethodDescriptor& method,
                      const google::protobuf::MessageLite* request, const CallOptions& options);

  Call& call() noexcept { return call_; }
  MessageWriter& requests() noexcept { return requests_.writer(); }
  MessageReader& responses() noexcept { return responses_.reader(); }
  /// No more requests.
  void half_close() noexcept {
    Executor::leave_user_code();
    requests_.end();
  }
  void cancel(const Status& reason) noexcept;

  bool done() const noexcept { return done_; }
  /// How the call ended; once done().
  const Status& status() const noexcept { return status_; }
  bool response_metadata_arrived() const noexcept { return metadata_arrived_; }
  /// Makes `waiter` ready when the call is done; null: no waiter any more.
  void wait_done(Waiter* waiter) noexcept { keep(done_waiter_, waiter, "the end of a call"); }
  /// Makes `waiter` ready when the response's initial metadata is there, or the call is done.
  void wait_response_metadata(Waiter* waiter) noexcept {
    keep(metadata_waiter_, waiter, "the response metadata of a call");
  }

 private:
  StreamingCall(net::Loop& loop, Context* parent, Service& service, const MethodDescriptor& method,
                const CallOptions& options);
  ~StreamingCall() = default;
  void run(const google::protobuf::MessageLite* request);
  Result<Message> encoded(const google::protobuf::MessageLite& request);
  static void on_cancelled(CancelHook& hook, const Status& reason) noexcept;
  struct OwnCall : Call {
    OwnCall(StreamingCall& streaming, net::Loop& loop, const MethodDescriptor& method,
            weft::Context* parent)
        : Call(Side::Client, loop, method.path, &method, parent), self(streaming) {}
    StreamingCall& self;
  };
  static void on_response_metadata(Call& call) noexcept;
  void on_done() noexcept;
  void hand_over_metadata();
  void release() noexcept;
  void wake(Waiter*& waiter) noexcept;
  static void keep(Waiter*& place, Waiter* waiter, std::string_view of) noexcept {
    if (waiter != nullptr) return keep_waiter(place, *waiter, of);
    place = nullptr;
  }

  CallOptions options_;
  MessagePipe requests_;
  std::optional<SingleRequest> single_request_;  // of a server-streaming call, instead
  MessagePipe responses_;
  OwnCall call_;
  Service& service_;
  Task<Status> task_{Status()};
  Status status_;
  Waiter* done_waiter_ = nullptr;
  Waiter* metadata_waiter_ = nullptr;
  bool metadata_arrived_ = false;
  bool done_ = false;
  bool released_ = false;
};

}  // namespace weft::rpc
