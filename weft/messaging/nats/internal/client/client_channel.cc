#include "weft/messaging/nats/internal/client/client_channel.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/limit.h"
#include "weft/base/log/log_value.h"
#include "weft/cluster/endpoints/backoff.h"
#include "weft/messaging/nats/internal/dropped.h"
#include "weft/messaging/nats/internal/link/broker_error.h"
#include "weft/messaging/nats/internal/subject.h"
#include "weft/messaging/nats/protocol/headers.h"
#include "weft/net/loop/awaited.h"
#include "weft/rpc/client/channel.h"

namespace weft::nats {
namespace {

// Between looks for a server, of a call that waits for one.
constexpr Duration kFirstPause = std::chrono::milliseconds(50);
constexpr Duration kMostPause = std::chrono::seconds(2);

Status channel_destroyed() { return cancelled("the channel was destroyed"); }

Status too_many(std::size_t limit) {
  return resource_exhausted(std::to_string(limit) +
                            " calls of this channel are under way on this loop, which is the limit "
                            "(nats::Options::max_calls)");
}

}  // namespace

void ClientChannel::Pending::end(Status with) noexcept {
  ended = true;
  status = std::move(with);
  if (wait != nullptr) wait->complete();
}

/// The end of the chain of middlewares around an attempt.
class ClientChannel::Terminal final : public Service {
 public:
  explicit Terminal(const std::shared_ptr<ClientChannel>& channel) noexcept : channel_(channel) {}
  Task<Status> serve(Call& call) override {
    Status valid = std::as_const(call).request_metadata().validate();
    return valid.ok() ? attempt(channel_, call) : Task<Status>(std::move(valid));
  }

 private:
  const std::shared_ptr<ClientChannel>& channel_;
};

ClientChannel::ClientChannel(const rpc::ClientTransportSetup& from,
                             std::shared_ptr<const Setup> setup, ClientRules rules)
    : loop_(from.loop),
      setup_(std::move(setup)),
      rules_(std::move(rules)),
      per_endpoint_(from.per_endpoint),
      inbox_(from.loop),
      peer_(Peer::Ref::make(setup_->name(), nullptr, Peer::Kind::Other)) {
  LinkOwner& owner = *this;
  link_ = std::make_shared<BrokerLink>(loop_, setup_, owner);
  link_->subscribe(inbox_.all(), "");
}

ClientChannel::~ClientChannel() { link_->close(); }

void ClientChannel::close() noexcept {
  if (std::exchange(closed_, true)) return;
  link_->close();
  end_waiting(channel_destroyed());
  end_pending(channel_destroyed(), channel_destroyed());
}

// ---- A call ------------------------------------------------------------------------------------

Task<Status> ClientChannel::serve(Call& call) {
  return per_endpoint_.empty() ? attempt(shared_from_this(), call)
                               : serve_chain(shared_from_this(), call);
}

Task<Status> ClientChannel::serve_chain(std::shared_ptr<ClientChannel> self, Call& call) {
  call.set_peer(self->peer_);
  Terminal terminal(self);
  co_return co_await self->per_endpoint_.serve(call, terminal);
}

Task<Status> ClientChannel::attempt(std::shared_ptr<ClientChannel> self, Call& call) {
  Status begun = self->begin(call);
  if (!begun.ok()) co_return begun;
  Status status = co_await self->exchange(call);
  // What ended the call here is this side's own reason.
  if (call.context().is_cancelled() && !status.ok()) co_return call.context().cancel_reason();
  co_return status;
}

/// Not OK: the call is over before it began.
Status ClientChannel::begin(Call& call) const {
  if (closed_) return channel_destroyed();
  if (call.method() != nullptr && call.method()->kind != MethodKind::Unary) {
    return unimplemented(std::string(call.path()) +
                         " streams messages, which calls over NATS do not yet");
  }
  if (call.context().is_cancelled()) return call.context().cancel_reason();
  if (call.context().deadline() <= loop_.now()) {
    return deadline_exceeded("the deadline had passed before the call was sent");
  }
  call.set_peer(peer_);
  if (call.context().deadline() == kNever) {
    call.limit_timeout(setup_->options.default_timeout);
  } else {
    call.watch_deadline();
  }
  return {};
}

Task<Status> ClientChannel::exchange(Call& call) {
  const Result<std::string> subject = subject_of(setup_->to.prefix, call.path());
  if (!subject.ok()) co_return subject.status();
  Status status = co_await wait_connected(call.wait_for_ready());
  if (!status.ok()) co_return status;
  const std::optional<Message> message = co_await call.requests().read();
  if (!message) co_return cancelled("the call ended before its request was there");
  cluster::Backoff pauses(loop_.rng(), kFirstPause, kMostPause);
  for (;;) {
    Pending pending(*this);
    status = co_await send(call, *message, *subject, pending);
    if (!status.ok()) co_return status;
    if (!found_nobody(pending)) co_return co_await deliver(call, pending);
    if (!call.wait_for_ready()) co_return nobody(call, *subject);
    // No server has seen it, so it may be sent again.
    status = co_await net::sleep(pauses.next());
    if (status.ok()) status = co_await wait_connected(true);
    if (!status.ok()) co_return status;
  }
}

/// Publishes the call and waits for its reply.
Task<Status> ClientChannel::send(const Call& call, const Message& message,
                                 const std::string& subject, Pending& pending) {
  Status status = publish(call, message, subject, pending);
  if (!status.ok() || pending.ended) co_return status;
  net::Wait wait(loop_);
  const net::Awaited place(pending.wait, wait);
  status = co_await wait;
  co_return pending.ended ? pending.status : status;
}

/// The broker's own answer where nobody has subscribed (NATS ADR-22).
bool ClientChannel::found_nobody(const Pending& pending) {
  return HeaderReader(pending.reply.view().substr(0, pending.headers)).status() == 503;
}

Status ClientChannel::nobody(const Call& call, const std::string& subject) const {
  return Status(StatusCode::Unavailable,
                setup_->name() + ": no server takes calls of " + std::string(call.path()) +
                    " (the broker found nobody on " + subject + ")",
                Origin::Transport);
}

Status ClientChannel::publish(const Call& call, const Message& message, const std::string& subject,
                              Pending& pending) {
  // It may have been lost while the request was read.
  if (closed_) return channel_destroyed();
  if (link_->state() != BrokerLink::State::Connected) return link_->last_error();
  if (pending_.size() >= setup_->options.max_calls) return too_many(setup_->options.max_calls);
  Result<Packed> packed = pack(message, call.compression(), call.max_send_size(), "request message",
                               "ChannelOptions::max_send_size");
  if (!packed.ok()) return packed.status();
  const Result<std::string> headers = request_headers(rules_, call, packed->compression);
  if (!headers.ok()) return headers.status();
  const std::size_t size = headers->size() + packed->message.size();
  if (size > link_->max_payload()) {
    return resource_exhausted("request message of " + std::to_string(packed->message.size()) +
                              " bytes has " + std::to_string(size) +
                              " with its headers, and the broker takes no more than " +
                              std::to_string(link_->max_payload()) + " (its max_payload)");
  }
  if (link_->unsent() > setup_->options.max_output) {
    return resource_exhausted(std::to_string(link_->unsent()) + " bytes wait to be sent to " +
                              setup_->name() + ", and the limit is " +
                              std::to_string(setup_->options.max_output) +
                              " (nats::Options::max_output)");
  }
  pending.token = make_token(loop_);
  pending.subject = subject;
  pending.begin = link_->added();
  pending_.emplace(pending.token, &pending);
  link_->publish(subject, inbox_.subject_of(pending.token), *headers, packed->message);
  return {};
}

Task<Status> ClientChannel::deliver(Call& call, const Pending& pending) {
  const std::string_view headers = pending.reply.view().substr(0, pending.headers);
  ReplyHead head = read_reply(headers, rules_, call);
  if (!head.status.ok()) co_return head.status;
  Bytes payload = pending.reply;
  payload.remove_prefix(pending.headers);
  const bool compressed = head.compression != Compression::Identity && !payload.empty();
  if (compressed) {
    Result<Bytes> plain = inflate(call, payload, head.compression);
    if (!plain.ok()) co_return plain.status();
    payload = *std::move(plain);
  }
  if (payload.size() > call.max_receive_size()) {
    co_return resource_exhausted(
        "a message of " + std::to_string(payload.size()) + " bytes is larger than the limit of " +
        std::to_string(call.max_receive_size()) + " bytes (max_receive_size)");
  }
  call.announce_response_metadata();
  Message message(std::move(payload));
  message.set_arrived_compressed(compressed);
  const bool taken = co_await call.responses().write(message);
  if (taken) co_return Status();
  co_return cancelled("the caller takes no more responses");
}

Result<Bytes> ClientChannel::inflate(const Call& call, const Bytes& payload,
                                     Compression compression) {
  Result<Bytes> plain = codec::decompress(compression, payload.view(), call.max_receive_size());
  if (plain.ok()) return plain;
  return plain.status().with_prefix("decompressing the reply");
}

void ClientChannel::forget(const Pending& pending) noexcept {
  const auto found = pending_.find(pending.token);
  if (found != pending_.end() && found->second == &pending) pending_.erase(found);
}

// ---- The connection ----------------------------------------------------------------------------

Task<Status> ClientChannel::connect() {
  const std::shared_ptr<ClientChannel> self = shared_from_this();
  co_return co_await self->wait_connected(false);
}

Task<Status> ClientChannel::wait_connected(bool for_ready) {
  using State = BrokerLink::State;
  link_->open();
  while (link_->state() != State::Connected) {
    if (closed_) co_return channel_destroyed();
    if (link_->state() == State::Pause && !for_ready) co_return link_->last_error();
    if (waiting_count_ >= setup_->options.max_calls) co_return too_many(setup_->options.max_calls);
    Waiting waiting(loop_);
    waiting.for_ready = for_ready;
    waiting_.push_back(waiting);
    struct Count {
      explicit Count(std::size_t& of) noexcept : count(++of) {}
      ~Count() { --count; }
      std::size_t& count;
    } const counted(waiting_count_);
    const Status status = co_await waiting.wait;
    if (!status.ok()) co_return status;
  }
  co_return Status();
}

void ClientChannel::on_connected() noexcept {
  while (Waiting* const waiting = waiting_.pop_front()) waiting->wait.complete();
}

/// Those that wait for ready go on waiting.
void ClientChannel::on_unreachable(const Status& reason) noexcept {
  IntrusiveList<Waiting> stay;
  while (Waiting* const waiting = waiting_.pop_front()) {
    if (waiting->for_ready) {
      stay.push_back(*waiting);
    } else {
      waiting->wait.complete(reason);
    }
  }
  waiting_.splice_back(stay);
}

void ClientChannel::on_lost(const Status& reason) noexcept {
  const Status unsent = reason.with_prefix("the connection was lost before the call was sent");
  const Status sent = reason.with_prefix(
      "the connection was lost before the reply, and it is not known whether the call was served");
  end_pending(unsent, sent);
}

void ClientChannel::end_waiting(const Status& status) noexcept {
  while (Waiting* const waiting = waiting_.pop_front()) waiting->wait.complete(status);
}

void ClientChannel::end_pending(const Status& unsent, const Status& sent) noexcept {
  for (const auto& [token, pending] : std::exchange(pending_, {})) {
    pending->end(pending->begin >= link_->sent() ? unsent : sent);
  }
}

void ClientChannel::on_message(const Operation& message) noexcept {
  const std::optional<Token> token = inbox_.token_of(message.subject);
  const auto found = token ? pending_.find(*token) : pending_.end();
  if (found == pending_.end()) return note_dropped();
  Pending& pending = *found->second;
  // A second reply finds nobody.
  pending_.erase(found);
  if (message.too_large) {
    return pending.end(
        resource_exhausted("a reply of " + std::to_string(message.size) +
                           " bytes with its headers is larger than the limit of " +
                           std::to_string(setup_->max_message) +
                           " (ChannelOptions::max_receive_size, and room for headers)"));
  }
  pending.headers = message.headers.size();
  std::string_view content = message.payload;
  if (pending.headers != 0) content = {message.headers.data(), message.size};
  pending.reply = Bytes::copy_of(content);
  pending.end({});
}

/// The broker answers a call that it does not let through with an error of the connection.
void ClientChannel::on_refused(std::string_view text) noexcept {
  // One for each call that is not let through.
  static constinit LogLimit limit(1);
  log(limit, LogLevel::Warn, setup_->name() + ": the broker said " + log_value(text));
  const std::string_view subject = forbidden_subject(text);
  if (subject.empty()) return;
  const Status status(
      StatusCode::PermissionDenied,
      setup_->name() + ": the broker does not let this client publish to " + log_value(subject),
      Origin::Transport);
  for (auto it = pending_.begin(); it != pending_.end();) {
    Pending& pending = *it->second;
    if (pending.subject != subject) {
      ++it;
      continue;
    }
    it = pending_.erase(it);
    pending.end(status);
  }
}

// ---- Making one --------------------------------------------------------------------------------

Result<std::shared_ptr<rpc::ClientTransport>> make_client_channel(
    const rpc::ClientTransportSetup& from, const Options& options) {
  const ChannelOptions& channel = from.options;
  if (!channel.authority.empty() || !channel.proxy.empty()) {
    return invalid_argument(
        "ChannelOptions::authority and ChannelOptions::proxy mean nothing for a channel over NATS");
  }
  Options mine = options;
  if (channel.tls) mine.tls = channel.tls;
  Result<std::shared_ptr<const Setup>> setup =
      make_setup(from.target, std::move(mine),
                 largest_message(channel.max_receive_size, channel.max_metadata_size));
  if (!setup.ok()) return setup.status().with_prefix("the channel's target");
  ClientRules rules{.accepted = channel.accepted_compressions,
                    .max_metadata_size = channel.max_metadata_size,
                    .propagation = channel.propagation};
  return std::shared_ptr<rpc::ClientTransport>(
      std::make_shared<ClientChannel>(from, *std::move(setup), std::move(rules)));
}

}  // namespace weft::nats
