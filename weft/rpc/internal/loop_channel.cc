#include "weft/rpc/internal/loop_channel.h"

#include <algorithm>
#include <utility>

#include "weft/rpc/internal/client_call.h"

namespace weft::rpc {
namespace {

// How often a call that the server refuses before looking at it is sent again.
constexpr int kRefusals = 3;

Status channel_destroyed() { return cancelled("the channel was destroyed"); }

/// What `:authority` is where the options name none (gRPC's naming document): the target's
/// endpoint, and "localhost" where that is a path.
std::string default_authority(const std::string& text) {
  const Result<net::Target> target = net::Target::parse(text);
  if (!target.ok() || target->scheme == "unix") return "localhost";
  return target->endpoint.substr(0, target->endpoint.find(','));
}

std::string authority_of(const std::string& target, const ChannelOptions& options) {
  if (!options.authority.empty()) return options.authority;
  if (options.tls && !options.tls->server_name.empty()) return options.tls->server_name;
  return default_authority(target);
}

}  // namespace

LoopChannel::LoopChannel(net::Loop& loop, std::string target, const ChannelOptions& options,
                         std::shared_ptr<net::TlsClientContext> tls,
                         const MiddlewareChain& middlewares)
    : loop_(loop),
      target_(std::move(target)),
      options_(options),
      tls_(std::move(tls)),
      middlewares_(middlewares),
      authority_(authority_of(target_, options)),
      user_agent_(options.user_agent.empty() ? "weft-c++/0.1.0"
                                             : options.user_agent + " weft-c++/0.1.0") {
  loop_.at_loop_end(*this);
}

LoopChannel::~LoopChannel() = default;

void LoopChannel::on_loop_end() noexcept {
  close();
  // No coroutine of this loop will run any more and count itself out.
  const std::shared_ptr<LoopChannel> self = std::exchange(self_, nullptr);
  connecting_task_ = Task<>();
}

Task<Status> LoopChannel::serve_chain(Call& call) {
  return middlewares_.empty() ? serve(call) : run_chain(call);
}

Task<Status> LoopChannel::run_chain(Call& call) {
  const Active active(*this);
  co_return co_await middlewares_.serve(call, *this);
}

Task<Status> LoopChannel::serve(Call& call) {
  const Active active(*this);
  for (int refusals = 0;; ++refusals) {
    // Nobody overtakes those who wait.
    ClientConnection* connection = waiting_.empty() ? pick() : nullptr;
    for (Place place = Place::Back; connection == nullptr; place = Place::Front) {
      Status status = co_await wait_for_connection(&call.context(), call.wait_for_ready(), place);
      if (!status.ok()) co_return status;
      connection = pick();
    }
    ClientCall attempt(*connection, call, authority_, user_agent_);
    attempt.start();
    announce_room();
    const bool taken = co_await MessageTransfer(attempt.responses(), call.responses());
    if (!taken) {
      attempt.not_delivered(call.context().is_cancelled()
                                ? call.context().cancel_reason()
                                : cancelled("the caller takes no more responses"));
    }
    if (attempt.may_repeat() && refusals < kRefusals && !closed_ && call.requests().rewind()) {
      continue;
    }
    co_return attempt.status();
  }
}

/// A connection that can take a call now, in turn where there are several.
ClientConnection* LoopChannel::pick() noexcept {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    if (next_ >= connections_.size()) next_ = 0;
    ClientConnection* connection = connections_[next_++].get();
    if (connection->usable()) return connection;
  }
  return nullptr;
}

bool LoopChannel::has_serving() noexcept {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& connection) { return connection->serving(); });
}

bool LoopChannel::has_room() noexcept {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const auto& connection) { return connection->usable(); });
}

/// OK when it is worth while to pick again.
Task<Status> LoopChannel::wait_for_connection(const Context* context, bool for_ready, Place place) {
  if (closed_) co_return channel_destroyed();
  const bool full = has_serving();
  if (!full && !for_ready && loop_.now() < retry_at_) {
    // Backing off: there is nothing to wait for that is worth the caller's while.
    co_return last_error_;
  }
  Waiting waiting(*this, for_ready);
  // First, because an attempt may fail at once and tells who waits by then.
  if (place == Place::Back) {
    waiting_.push_back(waiting);
  } else {
    waiting_.push_front(waiting);
  }
  if (!full || connections_.size() < options_.max_connections) need_connection();
  const Status status = co_await waiting.wait;
  waiting.announced = false;
  const bool cut_short = context != nullptr && context->is_cancelled() && !status.ok();
  co_return cut_short ? why_waited(status) : status;
}

Task<Status> LoopChannel::connected() {
  const Active active(*this);
  const Context* context = co_await current_context();
  while (!has_serving()) {
    Status status = co_await wait_for_connection(context, false, Place::Back);
    if (!status.ok()) co_return status;
    // It was for the room that may be there now, which this has no use for.
    announce_room();
  }
  co_return Status();
}

/// A call's cancellation while it waited, with what it waited for.
Status LoopChannel::why_waited(const Status& reason) const {
  std::string message(reason.message());
  message.append(" while waiting for a connection to ").append(target_);
  if (!last_error_.ok()) message.append("; last error: ").append(last_error_.message());
  return Status(reason.code(), message, reason.origin());
}

void LoopChannel::need_connection() {
  if (connecting_) return;
  connecting_ = true;
  connecting_task_ = connect();
  connecting_task_.start(&connecting_context_, {[](void*) noexcept {}, nullptr});
}

Task<> LoopChannel::connect() {
  const Active active(*this);
  while (!closed_) {
    if (loop_.now() < retry_at_) {
      net::Wait pause(loop_, retry_at_);
      static_cast<void>(co_await pause);
      continue;
    }
    const TimePoint begun = loop_.now();
    Status status = co_await connect_once();
    if (closed_) break;
    if (status.ok()) {
      failures_ = 0;
      retry_at_ = {};
      last_error_ = {};
      break;
    }
    last_error_ = std::move(status);
    retry_at_ = after(begun, back_off());
    fail_waiting(last_error_);
    if (waiting_.empty()) break;
  }
  connecting_ = false;
  wake_first();
}

Duration LoopChannel::back_off() noexcept {
  constexpr double kMultiplier = 1.6;
  constexpr double kJitter = 0.2;
  auto wait = static_cast<double>(options_.initial_backoff.count());
  const auto longest = static_cast<double>(options_.max_backoff.count());
  for (std::uint32_t i = 0; i < failures_ && wait < longest; ++i) wait *= kMultiplier;
  ++failures_;
  wait = std::min(wait, longest) * (1 + kJitter * (2 * loop_.rng().uniform() - 1));
  return Duration(static_cast<std::int64_t>(wait));
}

Task<Status> LoopChannel::connect_once() {
  Result<std::vector<net::Address>> found = co_await addresses();
  if (!found.ok()) co_return std::move(found).status();
  Status status = unavailable(target_ + ": the name has no address");
  for (const net::Address& address : *found) {
    status = co_await connect_to(address);
    if (status.ok() || closed_) break;
  }
  co_return status;
}

Task<Result<std::vector<net::Address>>> LoopChannel::addresses() {
  Result<net::Target> target = net::Target::parse(target_);
  if (!target.ok()) co_return std::move(target).status();
  if (target->scheme != "dns") co_return target->literals();
  Result<net::HostPort> parts = net::HostPort::parse(target->endpoint, 443);
  if (!parts.ok()) co_return std::move(parts).status();
  co_return co_await loop_.resolve(parts->host, parts->port);
}

/// The name that the server has to prove: the authority's, or the target's where there is none.
std::string LoopChannel::tls_host(const net::Address& address) const {
  const Result<net::HostPort> authority = net::HostPort::parse(authority_, 443);
  if (authority.ok() && !authority->host.empty()) return authority->host;
  return address.host();
}

Task<Result<std::unique_ptr<net::Stream>>> LoopChannel::connect_stream(
    const net::Address& address) {
  Result<std::unique_ptr<net::Stream>> stream = co_await loop_.connect(address);
  if (!stream.ok() || !tls_) co_return stream;
  std::string host = tls_host(address);
  co_return co_await tls_->connect(std::move(*stream), std::move(host));
}

/// Connects and waits for the server's SETTINGS: before these it may be anything.
Task<Status> LoopChannel::connect_to(net::Address address) {
  Context context(&connecting_context_);
  context.limit_deadline(after(loop_.now(), options_.connect_timeout));
  Result<std::unique_ptr<net::Stream>> stream = co_await connect_stream(address).in(context);
  if (!stream.ok()) {
    // The attempt's own limit is no call's deadline.
    if (stream.status().code() != StatusCode::DeadlineExceeded) co_return stream.status();
    co_return Status(StatusCode::Unavailable,
                     address.to_string() + ": no connection within " +
                         weft::to_string(options_.connect_timeout) +
                         " (ChannelOptions::connect_timeout)",
                     Origin::Transport);
  }
  if (closed_) co_return channel_destroyed();
  connections_.push_back(
      std::make_unique<ClientConnection>(loop_, *this, std::move(*stream), options_));
  ClientConnection& connection = *connections_.back();
  net::Wait ready(loop_, context.deadline());
  connection.tell_when_ready(ready);
  connection.start();
  Status status = co_await ready;
  if (!status.ok()) co_return status;
  if (connection.serving()) co_return Status();
  // It said hello and goodbye in one breath, as a TLS port does to plaintext.
  if (connection.greeted()) co_return connection.why_lost();
  connection.forget_ready_wait();
  status = unavailable(address.to_string() + ": no HTTP/2 SETTINGS from the server within " +
                       weft::to_string(options_.connect_timeout));
  connection.close(status);
  co_return status;
}

/// An attempt has failed: that ends the calls which do not want to wait for the next one, except
/// where they wait for room on a connection that is there.
void LoopChannel::fail_waiting(const Status& reason) noexcept {
  if (has_serving()) return;
  waiting_.for_each([&](Waiting& waiting) {
    if (waiting.wait_for_ready) return;
    waiting.unlink();
    waiting.wait.complete(reason);
  });
}

void LoopChannel::announce_room() noexcept {
  if (!waiting_.empty() && has_room()) wake_first();
}

/// Makes the one who waits longest look again.
void LoopChannel::wake_first() noexcept {
  while (Waiting* waiting = waiting_.pop_front()) {
    // One that was cancelled in this turn has no use for it.
    if (waiting->wait.completed()) continue;
    waiting->announced = true;
    return waiting->wait.complete();
  }
}

void LoopChannel::on_capacity() noexcept { announce_room(); }

void LoopChannel::on_connection_closed(ClientConnection& connection) noexcept {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& owned) { return owned.get() == &connection; });
  if (found == connections_.end()) return;
  // It is on the stack below, so it goes in a later turn.
  loop_.post([owned = std::move(*found)]() mutable { owned.reset(); });
  connections_.erase(found);
  // Who waited for room on it looks again, and brings about a new connection.
  if (!connecting_) wake_first();
}

/// gRFC A8: a client that is told so doubles the time between its pings.
void LoopChannel::on_too_many_pings() noexcept {
  if (options_.keepalive_time < kForever / 2) options_.keepalive_time *= 2;
}

void LoopChannel::close() noexcept {
  if (closed_) return;
  closed_ = true;
  if (active_ != 0) self_ = shared_from_this();
  connecting_context_.cancel(channel_destroyed());
  while (Waiting* waiting = waiting_.pop_front()) waiting->wait.complete(channel_destroyed());
  auto connections = std::exchange(connections_, {});
  for (const auto& connection : connections) connection->close(channel_destroyed());
  // The calls on them end in this turn and refer to them until then.
  loop_.post([owned = std::move(connections)]() mutable { owned.clear(); });
}

void LoopChannel::ended() noexcept {
  if (--active_ != 0 || !self_) return;
  // The coroutine that ends now is ours and still on the stack.
  loop_.post([self = std::move(self_)]() mutable { self.reset(); });
}

}  // namespace weft::rpc
