#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "weft/rpc/call/message/message_transfer.h"
#include "weft/rpc/inproc/internal/cross_call.h"
#include "weft/rpc/inproc/internal/inproc_attempt.h"

namespace weft::rpc {
namespace {

/// Trace and baggage for a context of another thread; null where there is neither.
std::unique_ptr<const Context> copy_of_luggage(const Context& context) {
  if (!context.has_luggage()) return nullptr;
  auto copy = std::make_unique<Context>();
  copy->trace() = context.trace();
  context.for_each_baggage([&](const BaggageEntry& entry) {
    copy->set_baggage(entry.key, entry.value, entry.properties);
  });
  return copy;
}

/// A call that is served on another loop.
class CrossAttempt final : public InprocAttempt, private CancelHook, private MessageReader {
 public:
  CrossAttempt(Call& call, InprocPart& part)
      : CancelHook(&CrossAttempt::on_cancelled),
        call_(call),
        cross_(std::make_shared<CrossCall>(call.loop(), part, head_of(call))) {}
  CrossAttempt(const CrossAttempt&) = delete;
  CrossAttempt& operator=(const CrossAttempt&) = delete;
  ~CrossAttempt() {
    if (!ended_) cross_->cancel(weft::cancelled("the caller has gone before the end of the call"));
  }

  /// The task may begin when the server has ended, so it keeps what that had.
  static Task<Status> serve(Call& call, std::shared_ptr<InprocServer> server,
                            IntrusiveList<InprocAttempt>& all) {
    CrossAttempt self(call, server->next_part());
    all.push_back(self);
    if (!call.context().add_hook(self)) co_return Status(call.context().cancel_reason());
    if (!self.cross_->start()) co_return unavailable("the server's loop has ended");
    self.pump_ = send_requests(call, *self.cross_);
    self.pump_.start(&call.context(), {[](void*) noexcept {}, nullptr});
    const bool taken = co_await MessageTransfer(self, call.responses());
    co_return self.finish(taken);
  }

  void cut(const Status& reason) noexcept override {
    if (std::exchange(ended_, true)) return;
    status_ = reason;
    cross_->cancel(reason);
  }

 private:
  static CrossCall::Head head_of(Call& call) {
    CrossCall::Head head{.path = std::string(call.path()),
                         .deadline = call.context().deadline(),
                         .metadata = std::as_const(call).request_metadata(),
                         .format = std::string(format_of(call)),
                         .max_send_size = call.max_send_size(),
                         .max_receive_size = call.max_receive_size()};
    head.carried = copy_of_luggage(std::as_const(call).context());
    return head;
  }
  static Task<> send_requests(Call& call, CrossCall& cross) {
    static_cast<void>(co_await MessageTransfer(call.requests(), cross.requests()));
    cross.end_requests();
  }
  static void on_cancelled(CancelHook& hook, const Status& reason) noexcept {
    static_cast<CrossAttempt&>(hook).cut(reason);
  }
  Status finish(bool taken) {
    if (ended_) return status_;
    take_response_metadata();
    const std::optional<Status> status = cross_->status();
    if (!status) {
      // The application takes no more.
      cut(call_.context().is_cancelled() ? call_.context().cancel_reason()
                                         : weft::cancelled("the caller takes no more responses"));
      return status_;
    }
    ended_ = true;
    Metadata trailers = cross_->take_trailers();
    if (!trailers.empty()) call_.trailers() = std::move(trailers);
    if (status->ok() && !taken) return weft::cancelled("the caller takes no more responses");
    return *status;
  }
  void take_response_metadata() {
    if (std::optional<Metadata> metadata = cross_->take_response_metadata()) {
      give_response_metadata(call_, *metadata);
    }
  }

  // MessageReader: the responses
  Poll poll(Message& out) override {
    if (ended_) return Poll::End;
    take_response_metadata();
    return cross_->responses().poll(out);
  }
  void wait(Waiter& waiter) noexcept override { cross_->responses().wait(waiter); }
  bool unwait() noexcept override { return cross_->responses().unwait(); }

  Call& call_;
  std::shared_ptr<CrossCall> cross_;
  Task<> pump_;
  Status status_;
  bool ended_ = false;
};

}  // namespace

void give_response_metadata(Call& call, Metadata& metadata) {
  if (!metadata.empty()) call.response_metadata() = std::move(metadata);
  call.announce_response_metadata();
}

Task<Status> serve_on_other_loop(Call& call, std::shared_ptr<InprocServer> server,
                                 IntrusiveList<InprocAttempt>& all) {
  return CrossAttempt::serve(call, std::move(server), all);
}

}  // namespace weft::rpc
