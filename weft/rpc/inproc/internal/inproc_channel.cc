#include "weft/rpc/inproc/internal/inproc_channel.h"

#include <string>
#include <utility>

#include "weft/coro/frame/hand_written.h"
#include "weft/rpc/client/channel.h"
#include "weft/rpc/inproc/internal/inproc_attempt.h"
#include "weft/rpc/inproc/internal/inproc_transport.h"
#include "weft/rpc/inproc/internal/local_call.h"

namespace weft::rpc {
namespace {

Status channel_destroyed() { return cancelled("the channel was destroyed"); }

/// Not OK: the call is over before it began.
Status begin(Call& call) {
  if (call.context().is_cancelled()) return call.context().cancel_reason();
  if (call.context().deadline() == kNever) return {};
  if (call.context().deadline() <= call.loop().now()) {
    return deadline_exceeded("the deadline had passed before the call was sent");
  }
  call.watch_deadline();
  return {};
}

/// The coroutine of a call that is served on its caller's loop; every such call has one, so it is
/// written by hand.
class HereAttempt final : public coro::HandWritten<HereAttempt, Status>,
                          public InprocAttempt,
                          private LocalCaller,
                          private Runnable {
 public:
  HereAttempt(InprocChannel& channel, Call& call)
      : Runnable(&HereAttempt::resume), channel_(&channel), call_(call) {}
  ~HereAttempt() {
    decided_ = true;
    leave();
  }

  bool advance() {
    if (channel_ == nullptr) return this->end(std::move(status_));
    InprocChannel& channel = *std::exchange(channel_, nullptr);
    // The task may have been made before the server ended.
    InprocPart* const part = channel.begin_here(call_, *this);
    Status begun = part == nullptr ? channel.nobody() : begin(call_);
    if (!begun.ok()) return this->end(std::move(begun));
    local_ = LocalCall::begin(*part,
                              {.path = call_.path(),
                               .route = channel.route_of(call_),
                               .parent = &call_.context(),
                               .metadata = std::as_const(call_).request_metadata(),
                               .format = format_of(call_),
                               .max_send_size = call_.max_send_size(),
                               .max_receive_size = call_.max_receive_size()},
                              call_.requests(), call_.responses(), *this);
    return false;
  }

  void cut(const Status& reason) noexcept override {
    decide(reason, false);
    leave();
  }

 private:
  void on_response_metadata(Metadata& metadata) noexcept override {
    if (!decided_) give_response_metadata(call_, metadata);
  }
  void on_ended(Status status, Metadata& trailers, bool goes_on) noexcept override {
    local_ = nullptr;
    if (decided_) return;
    if (!trailers.empty()) call_.trailers() = std::move(trailers);
    // What ended the call here as well is this side's own reason.
    decide(call_.context().is_cancelled() ? call_.context().cancel_reason() : std::move(status),
           goes_on);
  }
  void go_on_at_top() noexcept override { this->go_on(); }
  void decide(Status status, bool goes_on) noexcept {
    if (std::exchange(decided_, true)) return;
    status_ = std::move(status);
    if (!goes_on) call_.loop().ready(*this);
  }
  void leave() noexcept {
    if (LocalCall* local = std::exchange(local_, nullptr)) local->gone();
  }
  static void resume(Runnable& item) noexcept { static_cast<HereAttempt&>(item).go_on(); }

  InprocChannel* channel_;  // until it has begun
  Call& call_;
  LocalCall* local_ = nullptr;
  Status status_;
  bool decided_ = false;
};

}  // namespace

/// The end of the chain of middlewares around an attempt.
class InprocChannel::Terminal final : public Service {
 public:
  explicit Terminal(InprocChannel& channel) noexcept : channel_(channel) {}
  Task<Status> serve(Call& call) override {
    Status valid = std::as_const(call).request_metadata().validate();
    return valid.ok() ? channel_.attempt(call) : Task<Status>(std::move(valid));
  }

 private:
  InprocChannel& channel_;
};

InprocChannel::InprocChannel(const ClientTransportSetup& setup)
    : loop_(setup.loop),
      name_(setup.target.substr(setup.target.find(':') + 1)),
      per_endpoint_(setup.per_endpoint) {}

Task<Status> InprocChannel::serve(Call& call) {
  if (per_endpoint_.empty()) [[likely]]
    return attempt(call);
  return [](std::shared_ptr<InprocChannel> self, Call& served) -> Task<Status> {
    Terminal terminal(*self);
    served.set_peer(self->peer_);
    co_return co_await self->per_endpoint_.serve(served, terminal);
  }(shared_from_this(), call);
}

Task<Status> InprocChannel::attempt(Call& call) {
  if (closed_) return channel_destroyed();
  if (!find()) return serve_later(call);
  return here_ != nullptr ? HereAttempt::make(*this, call) : serve_across(call);
}

InprocPart* InprocChannel::begin_here(Call& call, InprocAttempt& attempt) {
  if (!find() || here_ == nullptr) return nullptr;
  call.set_peer(peer_);
  attempts_.push_back(attempt);
  return here_;
}

/// Looked up once for methods of generated code that are called again and again.
const Route* InprocChannel::route_of(const Call& call) noexcept {
  const MethodDescriptor* method = call.method();
  // Another descriptor may lie where one that was made for a call has gone.
  const bool is_known = method != nullptr && method == known_method_ && known_route_ != nullptr &&
                        known_route_->method->path == call.path();
  if (is_known) return known_route_;
  const Route* route = server_->dispatcher().find(call.path());
  known_method_ = method;
  known_route_ = route;
  return route;
}

Task<Status> InprocChannel::serve_across(Call& call) {
  call.set_peer(peer_);
  Status begun = begin(call);
  return begun.ok() ? serve_on_other_loop(call, server_, attempts_)
                    : Task<Status>(std::move(begun));
}

Task<Status> InprocChannel::serve_later(Call& call) {
  if (!call.wait_for_ready()) co_return nobody();
  const std::shared_ptr<InprocChannel> self = shared_from_this();
  while (!find()) {
    if (closed_) co_return channel_destroyed();
    Waiting waiting(loop_);
    waiting_.push_back(waiting);
    if (inproc_names().find_or_watch(name_, loop_, weak_from_this()) != nullptr) continue;
    call.watch_deadline();
    Status status = co_await waiting.wait;
    if (!status.ok()) co_return status;
  }
  co_return co_await attempt(call);
}

void InprocChannel::on_name() noexcept {
  while (Waiting* waiting = waiting_.pop_front()) waiting->wait.complete();
}

bool InprocChannel::find() {
  if (server_ != nullptr && !server_->draining()) [[likely]]
    return true;
  here_ = nullptr;
  known_method_ = nullptr;
  server_ = inproc_names().find(name_);
  if (server_ == nullptr) return false;
  here_ = server_->part_of(loop_);
  if (!peer_) peer_ = Peer::local();
  return true;
}

Status InprocChannel::nobody() const {
  return Status(StatusCode::Unavailable,
                "inproc:" + name_ + ": no server of this process has that name", Origin::Transport);
}

Task<Status> InprocChannel::connect() {
  if (closed_) return channel_destroyed();
  return find() ? Status() : nobody();
}

void InprocChannel::close() noexcept {
  if (std::exchange(closed_, true)) return;
  while (Waiting* waiting = waiting_.pop_front()) waiting->wait.complete(channel_destroyed());
  while (InprocAttempt* attempt = attempts_.pop_front()) attempt->cut(channel_destroyed());
}

Result<std::shared_ptr<ClientTransport>> make_inproc_channel(const ClientTransportSetup& setup) {
  if (!is_inproc(setup.target) || setup.target.ends_with(':')) {
    return invalid_argument("target '" + setup.target + "' names no server: it is inproc:name");
  }
  if (setup.options.tls) {
    return invalid_argument("ChannelOptions::tls: " + setup.target +
                            " has no connection that TLS could protect");
  }
  return std::shared_ptr<ClientTransport>(std::make_shared<InprocChannel>(setup));
}

}  // namespace weft::rpc
