#include "weft/edge/internal/served_call.h"

#include <algorithm>
#include <cstddef>
#include <new>
#include <string>
#include <utility>

#include "weft/coro/executor.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/server/handler.h"

namespace weft::edge {
namespace {

// The record of a call, and what the frames of a handler and its middlewares take as a rule.
constexpr std::size_t kCallMemory = sizeof(ServedCall) + 4096;

// What a message costs to parse does not show in its size: beyond this many bytes that is measured.
constexpr std::size_t kMeasured = 1024;

}  // namespace

Status CallCodec::decode(const Message& message, google::protobuf::MessageLite& into) const {
  Status status = codec_->decode(message, into);
  if (status.code() == StatusCode::InvalidArgument) {
    Executor::leave_user_code();
    context_.cancel(status);
  }
  return status;
}

struct ServedCall::Changed {
  ServedCall& self;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const noexcept { self.waiting_ = handle; }
  void await_resume() const noexcept {}
};

ServedCall::Resume::Resume(ServedCall& of) noexcept
    : Runnable([](Runnable& runnable) noexcept {
        ServedCall& self = static_cast<Resume&>(runnable).self;
        self.resuming_ = false;
        std::exchange(self.waiting_, nullptr).resume();
      }),
      self(of) {}

ServedCall::OwnTurn::OwnTurn(ServedCall& of) noexcept
    : Runnable([](Runnable& runnable) noexcept {
        ServedCall& self = static_cast<OwnTurn&>(runnable).self;
        self.wants_turn_ = false;
        self.has_turn_ = true;
        if (Waiter* const waiter = std::exchange(self.requests_.waiting, nullptr)) {
          self.loop().ready(*waiter);
        }
      }),
      self(of) {}

ServedCall::ServedCall(rpc::HttpExchange& exchange, CallRequest& request, const Cors& cors)
    : Call(Side::Server, exchange.loop(), request.path, nullptr, &exchange.context()),
      Runnable(&ServedCall::start),
      exchange_(exchange),
      request_(request),
      cors_(cors),
      codec_(request.codec, context()) {
  if (request.route != nullptr) set_route(*request.route, *request.route->method);
  set_peer(exchange.share_peer());
  if (!request.metadata.empty()) {
    carried_ = extract_context(rules().propagation, request.metadata);
    request_metadata() = std::move(request.metadata);
  }
  // The exchange's context has no trace and no baggage of its own.
  if (carried_ != nullptr) context().receive(*carried_);
  if (request.codec != nullptr) set_codec(codec::borrowed(codec_));
  std::size_t limit = rules().max_receive_size;
  if (request.route != nullptr) limit = std::min(limit, request.route->max_request_size);
  set_max_receive_size(limit);
  set_max_send_size(rules().max_send_size);
  set_requests(requests_);
  set_responses(responses_);
  set_on_response_metadata([](Call& call) noexcept {
    auto& self = static_cast<ServedCall&>(call);
    if (!self.decided_) self.announce();
  });
}

Task<> ServedCall::run() {
  if (!request_.status.ok()) {
    tell_refusal();
    handled_ = true;
    decide(request_.status);
  } else if (!context().add_hook(cancellation_)) {
    handled_ = true;
    decide(context().cancel_reason());
  } else if (!account()) {
    handled_ = true;
  } else {
    if (request_.timeout != kForever) limit_timeout(request_.timeout);
    loop().ready(*this);
  }
  while (!decided_) co_await Changed{*this};
  // What nobody waits for is not written.
  if (!exchange_.context().is_cancelled()) co_await end(status_);
  while (!handled_) co_await Changed{*this};
}

void ServedCall::tell_refusal() const noexcept {
  Observer* const observer = exchange_.dispatcher().observer();
  if (observer == nullptr) return;
  observer->on_refusal({.cause = RefusedCall::Cause::Headers,
                        .path = path(),
                        .peer = exchange_.peer(),
                        .status = request_.status,
                        .trace = &context().trace()});
}

/// At the top of a turn, as for calls of every transport.
void ServedCall::start(Runnable& runnable) noexcept {
  auto& self = static_cast<ServedCall&>(runnable);
  // Cancelled before it began: the handler is spared.
  if (self.decided_) {
    self.handled_ = true;
    return self.changed();
  }
  try {
    self.task_ = coro::SmallTask(self.exchange_.dispatcher().serve_request(self));
  } catch (const std::bad_alloc&) {
    self.decide(resource_exhausted("the server has no memory for this call"));
    self.handled_ = true;
    return self.changed();
  }
  self.task_.start_at_top(
      &self.context(),
      {[](void* call) noexcept { static_cast<ServedCall*>(call)->on_task_done(); }, &self});
}

void ServedCall::on_task_done() noexcept {
  if (requests_.unwait() || responses_.unwait()) [[unlikely]]
    rpc::still_waited_for(path());
  Status status;
  try {
    status = std::move(task_.result());
  } catch (...) {
    status = rpc::status_of_exception(path());
  }
  handled_ = true;
  decide(status);
  changed();
}

void ServedCall::decide(const Status& status) noexcept {
  if (std::exchange(decided_, true)) return;
  status_ = status;
  // A handler that waits for the client looks again.
  Waiter* const reader = requests_.waiting;
  if (requests_.unwait()) loop().ready(*reader);
  Waiter* const writer = responses_.waiting;
  if (responses_.unwait()) loop().ready(*writer);
  changed();
}

/// run() looks again, in this turn.
void ServedCall::changed() noexcept {
  if (waiting_ && !std::exchange(resuming_, true)) loop().ready(resume_);
}

Compression ServedCall::sent_compression() const noexcept {
  return request_.accepted.contains(compression()) ? compression() : Compression::Identity;
}

bool ServedCall::account() {
  const std::size_t held =
      kCallMemory + std::as_const(*this).request_metadata().memory() + content_memory() + kept_;
  const Status room = exchange_.hold(held);
  if (room.ok()) return true;
  context().cancel(room);
  return false;
}

Status ServedCall::answerable(const Status& status, bool has_response) {
  Status outcome = status;
  if (outcome.ok() && !has_response) {
    outcome = internal_error("the method ended without a response");
  }
  if (has_no_answer_metadata()) return outcome;
  const std::size_t limit = rules().max_metadata_size;
  const Status head = check_metadata(response_metadata(), "response metadata", limit);
  const Status tail = check_metadata(trailers(), "trailers", limit);
  if (!outcome.ok()) return outcome;
  return head.ok() ? tail : head;
}

Status ServedCall::begin_response(int http_status, ResponseFields& fields) {
  cors_.add_fields(exchange_.head(), fields);
  return exchange_.begin(http_status, fields.view());
}

MessageReader::Poll ServedCall::refuse(const Status& status) {
  context().cancel(status);
  return MessageReader::Poll::End;
}

Result<Bytes> ServedCall::inflate(std::string_view packed) {
  // What is there counts once it is; one that goes beyond this is the last.
  kept_ = packed.size() + codec::kAlwaysDecompressed;
  if (!account()) return context().cancel_reason();
  const std::size_t by_ratio =
      codec::limit_by_ratio(packed.size(), rules().max_decompression_ratio);
  const std::size_t most = std::min(limit(), by_ratio);
  Result<Bytes> plain = codec::decompress(request_.compression, packed, most);
  // Also where it stops at the limit.
  loop().add_work(net::Loop::work_of_bytes(plain.ok() ? plain->size() : most));
  if (plain.ok() || plain.status().code() == StatusCode::ResourceExhausted) {
    return by_ratio < limit() && !plain.ok()
               ? plain.status().with_prefix("ServerOptions::max_decompression_ratio")
               : plain;
  }
  // What is broken has come so.
  return invalid_argument(plain.status().message());
}

bool ServedCall::may_read() noexcept {
  wants_turn_ = !std::exchange(has_turn_, false) && loop().round_is_long();
  return !wants_turn_;
}

MessageReader::Poll ServedCall::Requests::poll(Message& out) {
  waiting = nullptr;
  if (self.decided_) return Poll::End;
  RunnableQueue::remove(self.turn_);
  self.wants_turn_ = false;
  const Poll polled = self.receive(out);
  if (polled != Poll::Message) return polled;
  self.loop().add_work(1 + net::Loop::work_of_bytes(out.size()));
  // A codec's work is counted where it is called.
  const bool measured = out.size() > kMeasured && self.codec() == nullptr;
  self.parsing_since_ = measured ? self.loop().now() : TimePoint{};
  // Until the next message, or hold() says what became of it.
  self.kept_ = out.size();
  return self.account() ? polled : Poll::End;
}

void ServedCall::Requests::wait(Waiter& waiter) noexcept {
  if (self.decided_) return self.loop().ready(waiter);
  waiting = &waiter;
  if (self.wants_turn_) return self.loop().ready_alone(self.turn_);
  self.exchange_.content().wait(waiter);
}

bool ServedCall::Requests::unwait() noexcept {
  if (std::exchange(waiting, nullptr) == nullptr) return false;
  if (!self.wants_turn_) return self.exchange_.content().unwait();
  RunnableQueue::remove(self.turn_);
  return true;
}

void ServedCall::Requests::hold(const void* object, Measure memory) {
  const TimePoint began = std::exchange(self.parsing_since_, {});
  if (began != TimePoint{} && object != nullptr) {
    self.loop().add_work(net::Loop::work_of(self.loop().now() - began));
  }
  self.kept_ = object == nullptr ? 0 : memory(object);
  static_cast<void>(self.account());
}

MessageWriter::Poll ServedCall::Responses::offer(const Message& message) {
  waiting = nullptr;
  if (self.decided_) return Poll::Closed;
  const std::size_t size = message.size();
  if (size > self.max_send_size()) {
    self.context().cancel(resource_exhausted(
        "response message of " + std::to_string(size) + " bytes is larger than the limit of " +
        std::to_string(self.max_send_size()) + " (ServerOptions::max_send_size)"));
    return Poll::Closed;
  }
  const Poll polled = self.send(message);
  return self.decided_ && polled == Poll::Blocked ? Poll::Closed : polled;
}

void ServedCall::Responses::wait(Waiter& waiter) noexcept {
  if (self.decided_) return self.loop().ready(waiter);
  waiting = &waiter;
  self.exchange_.response().wait(waiter);
}

bool ServedCall::Responses::unwait() noexcept {
  return std::exchange(waiting, nullptr) != nullptr && self.exchange_.response().unwait();
}

}  // namespace weft::edge
