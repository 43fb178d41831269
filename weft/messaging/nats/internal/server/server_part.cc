#include "weft/messaging/nats/internal/server/server_part.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/limit.h"
#include "weft/base/log/log_value.h"
#include "weft/messaging/nats/internal/dropped.h"
#include "weft/messaging/nats/internal/subject.h"
#include "weft/messaging/nats/protocol/headers.h"

namespace weft::nats {
namespace {

/// Bytes of answers to tools that may wait to be sent.
constexpr std::size_t kMostForTools = std::size_t{256} << 10;

}  // namespace

ServerPart::ServerPart(net::Loop& loop, std::shared_ptr<const Setup> setup,
                       std::shared_ptr<rpc::Dispatcher> dispatcher)
    : loop_(loop), setup_(std::move(setup)), dispatcher_(std::move(dispatcher)) {}

ServerPart::~ServerPart() = default;

void ServerPart::open() {
  peer_ = Peer::Ref::make(setup_->name(), nullptr, Peer::Kind::Other);
  loop_.at_loop_end(*this);
  LinkOwner& owner = *this;
  link_ = std::make_shared<BrokerLink>(loop_, setup_, owner);
  subscribe();
  if (setup_->options.micro) {
    micro_.emplace(loop_, *setup_, dispatcher_->services());
    for (std::string& subject : micro_->subjects()) link_->subscribe(std::move(subject), "");
  }
  link_->open();
}

/// A subject for each service, so that servers with different ones may share a prefix.
void ServerPart::subscribe() {
  const std::string& prefix = setup_->to.prefix;
  const std::string& group = setup_->options.queue_group;
  if (dispatcher_->has_fallback()) return link_->subscribe(prefix + ".>", group);
  for (const ServiceDescriptor* service : dispatcher_->services()) {
    link_->subscribe(prefix + "." + std::string(service->name) + ".*", group);
  }
}

// ---- Calls -------------------------------------------------------------------------------------

void ServerPart::on_message(const Operation& message) noexcept {
  if (message.reply.empty()) return note_dropped();
  if (MicroServices::is_request(message.subject)) return answer_tool(message);
  std::optional<std::string> path = path_of(setup_->to.prefix, message.subject);
  if (!path) return note_dropped();
  if (live_ >= setup_->options.max_calls) {
    return refuse(message, resource_exhausted("the server has reached its limit of " +
                                              std::to_string(setup_->options.max_calls) +
                                              " calls over NATS at a time on a loop "
                                              "(nats::Options::max_calls)"));
  }
  // A call gives it back at its end.
  const std::size_t size =
      message.headers.size() + message.payload.size() + path->size() + message.reply.size();
  if (const Status room = hold(size); !room.ok()) return refuse(message, room);
  ServedCall::begin(*this, *std::move(path), message, size);
}

void ServerPart::answer_tool(const Operation& message) {
  if (!micro_ || !has_room_for_tools()) return note_dropped();
  const std::string headers = std::string(kHeadersBegin).append(kHeadersEnd);
  for (const std::string& answer : micro_->answers(message.subject)) {
    const Message payload(Bytes::copy_of(answer));
    if (!fits(headers.size(), payload.size()).ok()) continue;
    reply(message.reply, headers, payload);
    tool_bytes_ += headers.size() + payload.size();
  }
  tools_answered_ = link_->added();
}

/// A few bytes of anybody's ask for a description of all services, so that what is made of them in
/// a turn is bounded.
bool ServerPart::has_room_for_tools() noexcept {
  if (link_->sent() >= tools_answered_) tool_bytes_ = 0;
  return tool_bytes_ < kMostForTools;
}

void ServerPart::refuse(const Operation& message, const Status& status) {
  const Metadata none;
  reply(message.reply, reply_headers(status, "proto", Compression::Identity, none, none),
        Message());
}

void ServerPart::call_began(ServedCall& call) {
  calls_.push_back(call);
  ++live_;
}

void ServerPart::call_ended(std::size_t held) noexcept {
  held_ -= held;
  --live_;
  if (live_ == 0) go_on_draining();
}

Status ServerPart::hold(std::size_t bytes) {
  const std::size_t limit = setup_->options.max_request_memory;
  if (bytes > limit - std::min(limit, held_)) {
    return resource_exhausted("the requests of the calls over NATS on a loop take " +
                              std::to_string(held_) + " bytes; " + std::to_string(bytes) +
                              " more are beyond the limit of " + std::to_string(limit) +
                              " (nats::Options::max_request_memory)");
  }
  held_ += bytes;
  return {};
}

Status ServerPart::fits(std::size_t headers, std::size_t payload) const {
  const bool known = link_ != nullptr && link_->state() == BrokerLink::State::Connected;
  if (!known || headers + payload <= link_->max_payload()) return {};
  return resource_exhausted("response message of " + std::to_string(payload) + " bytes has " +
                            std::to_string(headers + payload) +
                            " with its headers, and the broker takes no more than " +
                            std::to_string(link_->max_payload()) + " (its max_payload)");
}

void ServerPart::reply(std::string_view subject, std::string_view headers, const Message& payload) {
  // The caller does not wait for a broker that comes back: its connection was lost as well.
  if (link_ == nullptr || link_->state() != BrokerLink::State::Connected) return note_dropped();
  link_->publish(subject, "", headers, payload);
}

std::string ServerPart::describe_calls() {
  std::string text;
  calls_.for_each(
      [&](ServedCall& call) { text.append(text.empty() ? "" : ", ").append(call.path()); });
  return text;
}

void ServerPart::cancel_all(const Status& reason) noexcept {
  given_up_ = true;
  calls_.for_each([&](ServedCall& call) { call.cancel(reason); });
  go_on_draining();
}

// ---- The broker --------------------------------------------------------------------------------

void ServerPart::on_connected() noexcept {
  tools_answered_ = 0;
  last_trouble_.clear();
  log(LogLevel::Info, "serving calls over " + setup_->name());
}

/// A broker that stays away is logged once for each cause.
void ServerPart::on_unreachable(const Status& reason) noexcept {
  std::string text = reason.to_string();
  if (text == last_trouble_) return;
  log(LogLevel::Error, "no calls over " + setup_->name() + ": " + text + "; it is tried again");
  last_trouble_ = std::move(text);
}

void ServerPart::on_lost(const Status& reason) noexcept {
  if (drain_ == Drain::No) {
    log(LogLevel::Warn,
        "no calls over " + setup_->name() + ": " + reason.to_string() + "; it is connected again");
    return;
  }
  // What the broker did not send by now, it sends to others.
  given_up_ = true;
  go_on_draining();
}

void ServerPart::on_refused(std::string_view text) noexcept {
  static constinit LogLimit limit(1);
  log(limit, LogLevel::Error, setup_->name() + ": the broker said " + log_value(text));
}

// ---- The end -----------------------------------------------------------------------------------

void ServerPart::drain(UniqueFunction<void()> idle) {
  idle_ = std::move(idle);
  drain_ = Drain::Unsubscribing;
  // Its loop may have ended.
  if (link_ == nullptr || link_->state() != BrokerLink::State::Connected) {
    given_up_ = true;
    if (link_ != nullptr) link_->close();
    return go_on_draining();
  }
  link_->unsubscribe_all();
  link_->flush();
}

void ServerPart::on_flushed() noexcept {
  if (drain_ == Drain::Flushing) return end_draining();
  drain_ = Drain::Serving;
  go_on_draining();
}

/// Looks whether the next step of a drain can be made.
void ServerPart::go_on_draining() noexcept {
  if (drain_ == Drain::No || drain_ == Drain::Idle || live_ != 0) return;
  if (given_up_) return end_draining();
  if (drain_ != Drain::Serving) return;
  drain_ = Drain::Flushing;
  link_->flush();
}

/// A call that ends, or the connection, is on the stack below.
void ServerPart::end_draining() noexcept {
  drain_ = Drain::Idle;
  loop_.post(
      [self = shared_from_this(), idle = std::exchange(idle_, UniqueFunction<void()>())]() mutable {
        self->net::LoopEndHook::unlink();
        if (self->link_ != nullptr) self->link_->close();
        self->link_.reset();
        if (idle) idle();
      });
}

void ServerPart::on_loop_end() noexcept {
  const UniqueFunction<void()> never = std::exchange(idle_, UniqueFunction<void()>());
  drain_ = Drain::Idle;
  net::LoopEndHook::unlink();
  if (link_ != nullptr) link_->close();
  link_.reset();
  calls_.for_each([](ServedCall& call) { call.loop_ended(); });
}

}  // namespace weft::nats
