#include "weft/rpc/inproc/internal/local_call.h"

#include <algorithm>
#include <utility>

#include "weft/rpc/call/internal/observed_call.h"
#include "weft/rpc/inproc/internal/inproc_server.h"
#include "weft/rpc/server/handler.h"
#include "weft/rpc/server/internal/answer_metadata.h"

namespace weft::rpc {
namespace {

/// With the words that a call over a network has for it.
std::string beyond(std::string_view what, std::size_t size, std::size_t limit,
                   std::string_view option) {
  return std::string(what) + " of " + std::to_string(size) + " bytes is larger than the limit of " +
         std::to_string(limit) + " " + std::string(option);
}

/// As a status is when it comes from a peer.
Status from_peer(const Status& status) {
  if (status.ok()) return {};
  return Status(status.code(), status.message(), Origin::Peer).with_details(status.details());
}

}  // namespace

LocalCall* LocalCall::begin(InprocPart& part, CallHead head, MessageReader& requests,
                            MessageWriter& responses, LocalCaller& caller) {
  auto* call = new LocalCall(part, head, requests, responses, caller);
  part.loop().ready(*call);
  return call;
}

LocalCall::LocalCall(InprocPart& part, CallHead& head, MessageReader& requests,
                     MessageWriter& responses, LocalCaller& caller)
    : Runnable(&LocalCall::start),
      Call(Side::Server, part.loop(), head.path, nullptr, head.parent),
      part_(part),
      source_(&requests),
      sink_(&responses),
      caller_(&caller),
      caller_max_send_(head.max_send_size),
      caller_max_receive_(head.max_receive_size) {
  const InprocServer& server = part.server();
  const Route* route = head.route != nullptr ? head.route : server.dispatcher().find(head.path);
  // What the caller has for a path may go before the handler ends.
  if (route != nullptr) {
    set_route(*route, *route->method);
    set_path(route->method->path);
  } else {
    own_path_ = std::make_unique<std::string>(head.path);
    set_path(*own_path_);
  }
  if (!head.metadata.empty()) request_metadata() = std::move(head.metadata);
  if (head.carried != nullptr) {
    carried_ = std::move(head.carried);
    context().receive(*carried_);
  }
  if (head.deadline != kNever) {
    set_started(loop().now());
    limit_deadline(head.deadline);
  }
  if (server.dispatcher().full()) unserved_ = server.dispatcher().too_many_calls();
  if (!head.format.empty()) use_format(head.format);
  set_requests(requests_);
  set_responses(responses_);
  set_peer(part.peer());
  set_max_receive_size(server.limits().max_receive_size);
  set_max_send_size(server.limits().max_send_size);
  set_on_response_metadata([](Call& call) noexcept {
    auto& self = static_cast<LocalCall&>(call);
    if (self.caller_ != nullptr) static_cast<void>(self.announce());
  });
  server.dispatcher().call_began();
  part.call_began(*this);
}

LocalCall::~LocalCall() {
  if (observed_) [[unlikely]]
    delete &ObservedCall::of(*this);
  LocalCallNode::unlink();
  part_.server().dispatcher().call_ended();
  part_.call_ended();
}

/// The server's codecs live until its last call has ended.
[[gnu::cold]] void LocalCall::use_format(std::string_view name) {
  const CodecTable& codecs = part_.server().dispatcher().codecs();
  if (const CodecTable::Served* served = codecs.find(name)) {
    set_codec(codec::borrowed(*served->codec));
  } else {
    unserved_ = codecs.not_served(std::string("application/grpc+").append(name));
  }
}

void LocalCall::start(Runnable& runnable) noexcept {
  auto& self = static_cast<LocalCall&>(runnable);
  const InprocServer& server = self.part_.server();
  if (!self.context().add_hook(self.cancellation_)) {
    self.finish(self.context().cancel_reason());
  } else if (!self.unserved_.ok()) {
    self.refuse(self.unserved_);
  } else if (const std::size_t size = self.request_metadata().wire_size();
             size > server.limits().max_metadata_size) {
    self.refuse(resource_exhausted("request metadata of " + std::to_string(size) +
                                   " bytes is larger than the limit of " +
                                   std::to_string(server.limits().max_metadata_size) +
                                   " bytes (ServerOptions::max_metadata_size)"));
  }
  // Cancelled before it began: the handler is spared.
  if (self.caller_ == nullptr) return delete &self;
  self.starting_ = true;
  try {
    if (Observer* const observer = server.dispatcher().observer()) [[unlikely]]
      self.observe(*observer);
    self.task_ = coro::SmallTask(server.dispatcher().run(self));
    self.task_.start_at_top(
        &self.context(),
        {[](void* call) noexcept { static_cast<LocalCall*>(call)->on_task_done(); }, &self});
  } catch (...) {
    // A middleware that is a plain function.
    self.finish(status_of_exception(self.path()));
    return delete &self;
  }
  self.starting_ = false;
  if (self.over_) self.end_at_top();
}

[[gnu::cold]] void LocalCall::refuse(const Status& status) noexcept {
  if (Observer* const observer = part_.server().dispatcher().observer()) {
    observer->on_refusal({.cause = RefusedCall::Cause::Headers,
                          .path = path(),
                          .peer = *peer(),
                          .status = status,
                          .trace = &std::as_const(context()).trace()});
  }
  finish(status);
}

[[gnu::cold]] void LocalCall::observe(Observer& observer) {
  const bool served = route() != nullptr || part_.server().dispatcher().has_fallback();
  auto* observed = new ObservedCall(
      observer, *this, served ? ObservedCall::Path::Served : ObservedCall::Path::Unknown);
  observed_ = true;
  observed->handler_begins();
}

/// The handler has ended in the turn that it began in: nothing but the loop is on the stack, so the
/// caller goes on without a turn of its own.
void LocalCall::end_at_top() noexcept {
  const Status status = take_status();
  LocalCaller* caller = caller_;
  if (caller != nullptr) {
    goes_on_ = true;
    finish(status);
  }
  delete this;
  if (caller != nullptr) caller->go_on_at_top();
}

void LocalCall::on_task_done() noexcept {
  if (requests_.unwait() || responses_.unwait()) [[unlikely]]
    still_waited_for(path());
  if (starting_) {
    over_ = true;
    return;
  }
  finish(take_status());
  delete this;
}

Status LocalCall::take_status() noexcept {
  Status status;
  try {
    status = std::move(task_.result());
  } catch (...) {
    status = status_of_exception(path());
  }
  return status;
}

void LocalCall::loop_ended() noexcept {
  finish(unavailable("the server's loop has ended"));
  delete this;
}

void LocalCall::gone() noexcept {
  if (caller_ == nullptr) return;
  const Status reason = weft::cancelled("the caller has gone before the end of the call");
  finish(reason);
  cancel(reason);
}

/// The first status stays; the caller's part of the call is over then.
void LocalCall::finish(const Status& status) noexcept {
  LocalCaller* caller = caller_;
  if (caller == nullptr) return;
  Status outcome = status;
  if (!announced_ && (status.ok() || !std::as_const(*this).response_metadata().empty())) {
    // What a handler has put into the response's metadata is to arrive as such.
    Status valid = check(response_metadata(), "response metadata");
    if (outcome.ok()) outcome = std::move(valid);
    if (outcome.ok() || !response_metadata().empty()) {
      announced_ = true;
      caller->on_response_metadata(response_metadata());
    }
  }
  Status valid = check(trailers(), "trailers");
  if (outcome.ok()) outcome = std::move(valid);
  // A handler that waits for the caller looks again.
  if (requests_.unwait()) loop().ready(*requests_.waiting);
  if (responses_.unwait()) loop().ready(*responses_.waiting);
  caller_ = nullptr;
  source_ = nullptr;
  sink_ = nullptr;
  context().orphan();
  if (observed_) [[unlikely]]
    ObservedCall::of(*this).decided(outcome);
  caller->on_ended(callers_limit_ ? std::move(outcome) : from_peer(outcome), trailers(), goes_on_);
}

/// As for a call over a network, which has a limit of size besides.
Status LocalCall::check(Metadata& metadata, std::string_view what) {
  return metadata.empty() ? Status() : drop_invalid(path(), metadata, what);
}

/// Hands over the response's metadata, once. False when it cannot be sent: then the call is over.
bool LocalCall::announce() {
  if (std::exchange(announced_, true)) return true;
  if (!std::as_const(*this).response_metadata().empty()) {
    Status valid = check(response_metadata(), "response metadata");
    if (!valid.ok()) {
      cancel(valid);
      return false;
    }
  }
  caller_->on_response_metadata(response_metadata());
  return true;
}

MessageReader::Poll LocalCall::receive(Message& out) {
  using Poll = MessageReader::Poll;
  requests_.waiting = nullptr;
  if (caller_ == nullptr) return Poll::End;
  const Poll polled = source_->poll(out);
  if (polled != Poll::Message) return polled;
  const std::size_t size = out.size();
  if (size <= std::min(max_receive_size(), caller_max_send_)) [[likely]]
    return polled;
  if (size > caller_max_send_) {
    end_too_large(
        beyond("request message", size, caller_max_send_, "(ChannelOptions::max_send_size)"), true);
  } else {
    end_too_large(beyond("a message", size, max_receive_size(), "bytes (max_receive_size)"), false);
  }
  return Poll::End;
}

[[gnu::cold]] void LocalCall::end_too_large(std::string message, bool callers_limit) noexcept {
  callers_limit_ = callers_limit;
  cancel(resource_exhausted(message));
}

void LocalCall::Requests::wait(Waiter& waiter) noexcept {
  if (call.caller_ == nullptr) return call.loop().ready(waiter);
  waiting = &waiter;
  call.source_->wait(waiter);
}

bool LocalCall::Requests::unwait() noexcept {
  return waiting != nullptr && call.caller_ != nullptr && call.source_->unwait();
}

MessageWriter::Poll LocalCall::before_sending(const Message& message) {
  using Poll = MessageWriter::Poll;
  responses_.waiting = nullptr;
  if (caller_ == nullptr) return Poll::Closed;
  const std::size_t size = message.size();
  if (size > std::min(max_send_size(), caller_max_receive_)) [[unlikely]] {
    if (size > max_send_size()) {
      end_too_large(
          beyond("response message", size, max_send_size(), "(ServerOptions::max_send_size)"),
          false);
    } else {
      end_too_large(beyond("a message", size, caller_max_receive_, "bytes (max_receive_size)"),
                    true);
    }
    return Poll::Closed;
  }
  return announce() && caller_ != nullptr ? Poll::Accepted : Poll::Closed;
}

void LocalCall::Responses::wait(Waiter& waiter) noexcept {
  if (call.caller_ == nullptr) return call.loop().ready(waiter);
  waiting = &waiter;
  call.sink_->wait(waiter);
}

bool LocalCall::Responses::unwait() noexcept {
  return waiting != nullptr && call.caller_ != nullptr && call.sink_->unwait();
}

}  // namespace weft::rpc
