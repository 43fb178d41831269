#include "weft/rpc/client/client_stream.h"

namespace weft {
namespace {

/// Suspends until `Done(call)`; `Wait` registers the waiter for it, and null takes it back.
template <bool (*Done)(const rpc::StreamingCall&), void (*Wait)(rpc::StreamingCall&, Waiter*)>
class [[nodiscard("co_await it: until then nothing happens")]] Until {
 public:
  explicit Until(rpc::StreamingCall& call) noexcept : call_(call), waiter_(&Until::run, this) {}
  Until(const Until&) = delete;
  Until& operator=(const Until&) = delete;
  /// A coroutine may be destroyed while it waits.
  ~Until() {
    if (waiting_) Wait(call_, nullptr);
  }
  bool await_ready() const noexcept { return Done(call_); }
  void await_suspend(std::coroutine_handle<> handle) noexcept {
    handle_ = handle;
    waiting_ = true;
    Wait(call_, &waiter_);
  }
  void await_resume() const noexcept {}

 private:
  struct Wake : Waiter {
    Wake(Runnable::Function function, Until* awaiter) noexcept : Waiter(function), self(awaiter) {}
    Until* self;
  };
  static void run(Runnable& runnable) noexcept {
    Until& self = *static_cast<Wake&>(runnable).self;
    self.waiting_ = false;
    self.handle_.resume();
  }

  rpc::StreamingCall& call_;
  Wake waiter_;
  std::coroutine_handle<> handle_;
  bool waiting_ = false;
};

bool is_done(const rpc::StreamingCall& call) { return call.done(); }
bool has_metadata(const rpc::StreamingCall& call) {
  return call.done() || call.response_metadata_arrived();
}
void wait_done(rpc::StreamingCall& call, Waiter* waiter) { call.wait_done(waiter); }
void wait_metadata(rpc::StreamingCall& call, Waiter* waiter) {
  call.wait_response_metadata(waiter);
}

}  // namespace

Task<> ClientStream::wait_response_metadata(rpc::StreamingCall& call) {
  co_await Until<has_metadata, wait_metadata>(call);
}

Task<Status> ClientStream::wait_end(rpc::StreamingCall& call) {
  for (;;) {
    const std::optional<Message> dropped = co_await call.responses().read();
    if (!dropped) break;
  }
  co_await Until<is_done, wait_done>(call);
  co_return call.status();
}

Task<Status> ClientStream::wait_response(rpc::StreamingCall& call,
                                         google::protobuf::MessageLite& into) {
  rpc::SingleResponse response;
  for (;;) {
    const std::optional<Message> message = co_await call.responses().read();
    if (!message) break;
    response.offer(*message);
  }
  co_await Until<is_done, wait_done>(call);
  co_return response.finish(call.status(), into, call.call().codec());
}

}  // namespace weft
