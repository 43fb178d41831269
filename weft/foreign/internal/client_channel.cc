#include "weft/foreign/internal/client_channel.h"

#include <utility>
#include <vector>

#include "weft/net/loop/deadline_guard.h"
#include "weft/net/socket/first_to_answer.h"
#include "weft/rpc/call/call.h"

namespace weft::foreign {
namespace {

using StreamPtr = std::unique_ptr<net::Stream>;

Status channel_destroyed() { return cancelled("the channel was destroyed"); }

/// What a message is written from.
Task<Result<Bytes>> read_request(Call& call) {
  if (call.codec() != nullptr) {
    co_return unimplemented("a channel of this protocol takes protobuf's messages, not " +
                            std::string(call.codec()->name()));
  }
  const std::optional<Message> message = co_await call.requests().read();
  if (!message) co_return cancelled("the call ended before its request was there");
  Bytes bytes = message->to_bytes();
  if (bytes.size() > call.max_send_size()) {
    co_return resource_exhausted("request message of " + std::to_string(bytes.size()) +
                                 " bytes is larger than the limit of " +
                                 std::to_string(call.max_send_size()) +
                                 " bytes (ChannelOptions::max_send_size)");
  }
  co_return bytes;
}

}  // namespace

/// The end of the chain of middlewares around an attempt.
class ClientChannel::Terminal final : public Service {
 public:
  explicit Terminal(const std::shared_ptr<ClientChannel>& channel) noexcept : channel_(channel) {}
  Task<Status> serve(Call& call) override { return attempt(channel_, call); }

 private:
  const std::shared_ptr<ClientChannel>& channel_;
};

ClientChannel::ClientChannel(ClientSetup setup, const rpc::ClientTransportSetup& from)
    : setup_(std::move(setup)),
      loop_(from.loop),
      per_endpoint_(from.per_endpoint),
      peer_(Peer::Ref::make(setup_.name, nullptr, Peer::Kind::Other)),
      backoff_(loop_.rng(), setup_.initial_backoff, setup_.max_backoff) {}

ClientChannel::~ClientChannel() = default;

void ClientChannel::close() noexcept {
  if (std::exchange(closed_, true)) return;
  if (link_ != nullptr) link_->close(channel_destroyed());
  opening_.reset();
  opened_.set();
}

// ---- Calls -------------------------------------------------------------------------------------

Task<Status> ClientChannel::serve(Call& call) {
  call.watch_deadline();
  return per_endpoint_.empty() ? attempt(shared_from_this(), call)
                               : serve_chain(shared_from_this(), call);
}

Task<Status> ClientChannel::serve_chain(std::shared_ptr<ClientChannel> self, Call& call) {
  Terminal terminal(self);
  co_return co_await self->per_endpoint_.serve(call, terminal);
}

Task<Status> ClientChannel::attempt(std::shared_ptr<ClientChannel> self, Call& call) {
  call.set_peer(self->peer_);
  const Result<MessageTypes> types = types_of(call.service(), call.method_name());
  if (!types.ok()) co_return types.status();
  const Result<Bytes> request = co_await read_request(call);
  if (!request.ok()) co_return request.status();
  const Status ready = co_await connected(self);
  if (!ready.ok()) co_return ready;
  Answer answer;
  const Status exchanged = co_await exchange(*self, call, *types, *request, answer);
  if (!exchanged.ok()) co_return exchanged;
  if (answer.message.size() > call.max_receive_size()) {
    co_return resource_exhausted("a message of " + std::to_string(answer.message.size()) +
                                 " bytes is larger than the limit of " +
                                 std::to_string(call.max_receive_size()) +
                                 " bytes (max_receive_size)");
  }
  call.announce_response_metadata();
  const Message message(std::move(answer.message));
  const bool taken = co_await call.responses().write(message);
  if (taken) co_return Status();
  co_return call.context().is_cancelled() ? Status(call.context().cancel_reason())
                                          : cancelled("the caller takes no response");
}

/// Sends the request and waits for what becomes of it.
Task<Status> ClientChannel::exchange(ClientChannel& self, Call& call, const MessageTypes& types,
                                     const Bytes& request, Answer& answer) {
  PendingCall pending(self.loop_);
  std::uint64_t id = 0;
  const std::string name = self.method_name(call);
  const Status sent = self.link_->send(pending, name, types, request.view(), id);
  if (!sent.ok()) co_return sent;
  // Its coroutine may be destroyed while it waits.
  struct Leave {
    ClientChannel& channel;
    PendingCall& pending;
    std::uint64_t id;
    ~Leave() {
      if (!pending.answered) channel.link_->leave(id);
    }
  } const leave_at_end{self, pending, id};
  const Status waited = co_await pending.wait;
  if (!pending.answered) co_return waited;
  answer = std::move(pending.answer);
  co_return answer.status;
}

/// "Arith.Multiply": what the server calls it.
std::string ClientChannel::method_name(const Call& call) const {
  const auto renamed = setup_.services.find(call.service());
  std::string name(renamed == setup_.services.end() ? without_package(call.service())
                                                    : std::string_view(renamed->second));
  return name.append(".").append(call.method_name());
}

// ---- The connection ----------------------------------------------------------------------------

/// Until there is a connection; not OK: why there is none.
Task<Status> ClientChannel::connected(std::shared_ptr<ClientChannel> self) {
  for (;;) {
    if (self->closed_) co_return channel_destroyed();
    if (self->link_ != nullptr && !self->link_->broken()) co_return Status();
    if (!self->opening_ && !self->opening_posted_) {
      if (!self->last_error_.ok() && self->loop_.now() < self->next_attempt_) {
        co_return self->last_error_;
      }
      self->start_opening();
    }
    const Status waited = co_await self->opened_.wait();
    if (!waited.ok()) co_return waited;
    if (!self->last_error_.ok()) co_return self->last_error_;
    if (!self->closed_ && self->link_->broken()) {
      co_return Status(StatusCode::Unavailable,
                       self->setup_.name + ": the server closed the connection at once",
                       Origin::Transport);
    }
  }
}

void ClientChannel::start_opening() {
  opened_.reset();
  last_error_ = {};
  // In a turn of its own, in which nothing of it is on the stack.
  opening_posted_ = true;
  loop_.post([weak = weak_from_this()] {
    const std::shared_ptr<ClientChannel> self = weak.lock();
    if (self == nullptr || self->closed_) return;
    self->opening_posted_ = false;
    self->opening_.emplace(open(*self));
    self->opening_->start(
        nullptr, {.function = [](void* it) noexcept { static_cast<ClientChannel*>(it)->opened(); },
                  .argument = self.get()});
  });
}

Task<> ClientChannel::open(ClientChannel& self) {
  self.made_.emplace(co_await net::in_own_context(self.setup_.connect_timeout, open_greeted(self)));
}

Task<Result<StreamPtr>> ClientChannel::open_greeted(ClientChannel& self) {
  Result<StreamPtr> stream = co_await open_stream(self);
  if (!stream.ok() || !self.setup_.greet) co_return stream;
  const Status greeted = co_await self.setup_.greet(self.loop_, **stream);
  if (!greeted.ok()) co_return greeted;
  co_return stream;
}

Task<Result<StreamPtr>> ClientChannel::open_stream(ClientChannel& self) {
  net::Loop& loop = self.loop_;
  const net::HostPort& server = self.setup_.server;
  Result<std::vector<net::Address>> found = co_await loop.resolve(server.host, server.port);
  if (!found.ok()) co_return found.status();
  const auto reach = [&loop](net::Address address) { return loop.connect(std::move(address)); };
  Result<StreamPtr> stream =
      co_await net::first_to_answer<StreamPtr>(loop, *std::move(found), reach);
  if (!stream.ok() || self.setup_.tls == nullptr) co_return stream;
  co_return co_await self.setup_.tls->connect(*std::move(stream), self.setup_.tls_name);
}

void ClientChannel::opened() {
  const std::shared_ptr<ClientChannel> self = shared_from_this();
  Result<StreamPtr> stream = *std::exchange(made_, std::nullopt);
  opening_.reset();
  if (stream.ok()) {
    backoff_.reset();
    link_ = std::make_unique<ClientLink>(loop_, *std::move(stream), setup_.make_format(),
                                         setup_.limits, setup_.name);
  } else {
    next_attempt_ = after(loop_.now(), backoff_.next());
    last_error_ = Status(StatusCode::Unavailable, stream.status().message(), Origin::Transport)
                      .with_prefix(setup_.name);
  }
  opened_.set();
}

}  // namespace weft::foreign
