#include "weft/rpc/call/internal/observed_call.h"

#include <utility>
#include <vector>

namespace weft::rpc {
namespace {

class Observers final : public Observer {
 public:
  void add(std::shared_ptr<Observer> observer) { all_.push_back(std::move(observer)); }

  void on_begin(Call& call) noexcept override {
    for (const auto& one : all_) one->on_begin(call);
  }
  void on_end(Call& call, const Status& status, const CallStats& stats) noexcept override {
    for (const auto& one : all_) one->on_end(call, status, stats);
  }
  void on_attempt_begin(Call& call) noexcept override {
    for (const auto& one : all_) one->on_attempt_begin(call);
  }
  void on_attempt_end(Call& call, const Status& status, const CallStats& stats) noexcept override {
    for (const auto& one : all_) one->on_attempt_end(call, status, stats);
  }
  void on_start(const ServerStart& start) noexcept override {
    for (const auto& one : all_) one->on_start(start);
  }
  void on_refusal(const RefusedCall& call) noexcept override {
    for (const auto& one : all_) one->on_refusal(call);
  }
  void on_connection(const ConnectionEvent& event) noexcept override {
    for (const auto& one : all_) one->on_connection(event);
  }
  void on_endpoint(const EndpointEvent& event) noexcept override {
    for (const auto& one : all_) one->on_endpoint(event);
  }
  void on_resolver(const ResolverEvent& event) noexcept override {
    for (const auto& one : all_) one->on_resolver(event);
  }
  void on_policy(const PolicyEvent& event) noexcept override {
    for (const auto& one : all_) one->on_policy(event);
  }

 private:
  std::vector<std::shared_ptr<Observer>> all_;
};

void add(CallStats& to, const CallStats& more) noexcept {
  to.sent_messages += more.sent_messages;
  to.received_messages += more.received_messages;
  to.sent_bytes += more.sent_bytes;
  to.received_bytes += more.received_bytes;
  to.sent_wire_bytes += more.sent_wire_bytes;
  to.received_wire_bytes += more.received_wire_bytes;
  to.attempts += more.attempts;
  to.waited += more.waited;
}

Status dropped() { return cancelled("the call was dropped"); }

}  // namespace

std::shared_ptr<Observer> joined(std::shared_ptr<Observer> first, std::shared_ptr<Observer> more) {
  if (first == nullptr) return more;
  if (more == nullptr) return first;
  // Made anew: the first may be in use by itself.
  auto all = std::make_shared<Observers>();
  all->add(std::move(first));
  all->add(std::move(more));
  return all;
}

CountedMessages::CountedMessages(Call& call, CallStats& stats, Wire wire) noexcept
    : call_(call),
      requests_(call.requests(), count(call.side() == Call::Side::Client, stats, wire)),
      responses_(call.responses(), count(call.side() == Call::Side::Server, stats, wire)) {
  call_.set_requests(requests_);
  call_.set_responses(responses_);
}

CountedMessages::Count CountedMessages::count(bool sent, CallStats& stats, Wire wire) noexcept {
  if (sent) return {stats.sent_messages, stats.sent_bytes, stats.sent_wire_bytes, wire};
  return {stats.received_messages, stats.received_bytes, stats.received_wire_bytes, wire};
}

CountedMessages::~CountedMessages() {
  call_.set_requests(requests_.source);
  call_.set_responses(responses_.sink);
}

MessageReader::Poll CountedMessages::Requests::poll(Message& out) {
  const Poll polled = source.poll(out);
  if (polled == Poll::Message) counted.add(out.size());
  return polled;
}

MessageWriter::Poll CountedMessages::Responses::offer(const Message& message) {
  const Poll offered = sink.offer(message);
  if (offered == Poll::Accepted) counted.add(message.size());
  return offered;
}

MessageWriter::Poll CountedMessages::Responses::take(Message& message) {
  const std::uint64_t size = message.size();
  const Poll offered = sink.take(message);
  if (offered == Poll::Accepted) counted.add(size);
  return offered;
}

ObservedCall::ObservedCall(Observer& observer, Call& call, Path path, CountedMessages::Wire wire)
    : observer_(observer), call_(call), begun_(call.loop().now()), path_(path) {
  call_.set_stats(this);
  if (call_.side() == Call::Side::Server) messages_.emplace(call_, *this, wire);
  if (path_ == Path::Served) observer_.on_begin(call_);
}

ObservedCall::~ObservedCall() {
  if (!ended_) end(dropped());
  messages_.reset();
  call_.set_stats(nullptr);
}

void ObservedCall::end(const Status& status) noexcept {
  ended_ = true;
  const TimePoint now = call_.loop().now();
  took = now - begun_;
  if (handler_began_ != TimePoint{}) in_handler = now - handler_began_;
  const Status& outcome = decided_ ? *decided_ : status;
  if (path_ == Path::Unknown) {
    if (!outcome.ok()) {
      return observer_.on_refusal({.cause = RefusedCall::Cause::Method,
                                   .path = call_.path(),
                                   .peer = *call_.peer(),
                                   .status = outcome,
                                   .trace = &std::as_const(call_.context()).trace()});
    }
    // A middleware has answered it.
    observer_.on_begin(call_);
  }
  observer_.on_end(call_, outcome, *this);
}

ObservedAttempt::ObservedAttempt(Observer& observer, Call& call, std::uint32_t attempts,
                                 CountedMessages::Wire wire)
    : observer_(observer), call_(call), outer_(call.stats()), begun_(call.loop().now()) {
  stats_.attempts = attempts;
  call_.set_stats(&stats_);
  messages_.emplace(call_, stats_, wire);
  observer_.on_attempt_begin(call_);
}

ObservedAttempt::~ObservedAttempt() {
  if (!ended_) end(dropped());
}

void ObservedAttempt::end(const Status& status) noexcept {
  ended_ = true;
  stats_.took = call_.loop().now() - begun_;
  messages_.reset();
  observer_.on_attempt_end(call_, status, stats_);
  if (outer_ != nullptr) add(*outer_, stats_);
  call_.set_stats(outer_);
}

}  // namespace weft::rpc
