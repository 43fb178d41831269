#include "weft/messaging/nats/internal/server/served_call.h"

#include <algorithm>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/log_value.h"
#include "weft/messaging/nats/internal/server/server_part.h"
#include "weft/rpc/call/observer.h"
#include "weft/rpc/server/handler.h"

namespace weft::nats {
namespace {

/// Drops what Metadata::validate() refuses; OK, or INTERNAL that says so.
Status drop_invalid(std::string_view path, Metadata& metadata, std::string_view what) {
  Status valid = std::as_const(metadata).validate();
  if (valid.ok()) return valid;
  metadata.clear();
  const std::string text = std::string(what) + ": " + std::string(valid.message());
  log(LogLevel::Warn, std::string(path) + ": dropped " + text);
  return internal_error(text);
}

}  // namespace

void ServedCall::begin(ServerPart& part, std::string path, const Operation& request,
                       std::size_t held) {
  auto* call = new ServedCall(part, std::move(path), request, held);
  part.loop().ready(*call);
}

ServedCall::ServedCall(ServerPart& part, std::string path, const Operation& request,
                       std::size_t held)
    : Runnable(&ServedCall::start),
      Call(Side::Server, part.loop(), {}, nullptr, nullptr),
      part_(part),
      own_path_(std::move(path)),
      reply_to_(request.reply),
      held_(held),
      headers_size_(request.headers.size()),
      size_(request.size),
      too_large_(request.too_large),
      arrived_(part.loop().now()) {
  set_path(own_path_);
  std::string_view content = request.payload;
  if (headers_size_ != 0) content = {request.headers.data(), headers_size_ + content.size()};
  request_ = Bytes::copy_of(content);
  set_requests(requests_);
  set_responses(responses_);
  set_peer(part.peer());
  part_.call_began(*this);
}

ServedCall::~ServedCall() {
  ServedCallNode::unlink();
  part_.call_ended(held_);
}

std::string_view ServedCall::format() const noexcept {
  return codec() == nullptr ? std::string_view("proto") : codec()->name();
}

/// At the top of a turn, as for calls of every transport.
void ServedCall::start(Runnable& runnable) noexcept {
  auto& self = static_cast<ServedCall&>(runnable);
  // It may have been cancelled before it began: the handler is spared.
  if (!self.context().add_hook(self.cancellation_)) self.decide(self.context().cancel_reason());
  if (!self.decided_) {
    const Status ready = self.prepare();
    if (!ready.ok()) self.refuse(ready);
  }
  if (self.decided_) return delete &self;
  self.task_ = coro::SmallTask(self.part_.dispatcher().serve(self));
  self.task_.start_at_top(
      &self.context(),
      {[](void* call) noexcept { static_cast<ServedCall*>(call)->on_task_done(); }, &self});
}

Status ServedCall::prepare() {
  const rpc::Dispatcher& dispatcher = part_.dispatcher();
  const rpc::Route* const route = dispatcher.find(path());
  if (route != nullptr) set_route(*route, *route->method);
  set_max_receive_size(std::min(dispatcher.rules().max_receive_size,
                                route == nullptr ? SIZE_MAX : route->max_request_size));
  set_max_send_size(dispatcher.rules().max_send_size);
  if (too_large_) return take_too_large();
  if (route != nullptr && route->method->kind != MethodKind::Unary) {
    return unimplemented(std::string(path()) +
                         " streams messages, which calls over NATS do not yet");
  }
  Result<RequestHead> head = read_request(request_.view().substr(0, headers_size_), dispatcher);
  if (!head.ok()) return head.status();
  if (head->codec != nullptr) set_codec(std::move(head->codec));
  accepted_ = head->accepted;
  if (!head->metadata.empty()) {
    carried_ = extract_context(dispatcher.rules().propagation, head->metadata);
    if (carried_ != nullptr) context().receive(*carried_);
    request_metadata() = std::move(head->metadata);
  }
  if (head->timeout <= Duration::zero()) {
    return deadline_exceeded("the deadline had passed before the call arrived");
  }
  Status status = take_payload(head->compression);
  if (!status.ok() || head->timeout == kForever) return status;
  set_started(loop().now());
  limit_timeout(head->timeout);
  return {};
}

Status ServedCall::take_too_large() const {
  return resource_exhausted("a request of " + std::to_string(size_) +
                            " bytes with its headers is larger than the limit of " +
                            std::to_string(part_.setup().max_message) +
                            " (ServerOptions::max_receive_size, and room for headers)");
}

Status ServedCall::take_payload(Compression compression) {
  Bytes payload = std::exchange(request_, {});
  payload.remove_prefix(headers_size_);
  const bool compressed = compression != Compression::Identity && !payload.empty();
  if (compressed) {
    const std::size_t by_ratio =
        codec::limit_by_ratio(payload.size(), part_.dispatcher().rules().max_decompression_ratio);
    Result<Bytes> plain =
        codec::decompress(compression, payload.view(), std::min(max_receive_size(), by_ratio));
    if (!plain.ok()) {
      const bool broken = plain.status().code() == StatusCode::Internal;
      return broken ? invalid_argument(plain.status().message()) : plain.status();
    }
    payload = *std::move(plain);
    Status room = part_.hold(payload.size());
    if (!room.ok()) return room;
    held_ += payload.size();
    loop().add_work(net::Loop::work_of_bytes(payload.size()));
  }
  if (payload.size() > max_receive_size()) {
    return resource_exhausted("a message of " + std::to_string(payload.size()) +
                              " bytes is larger than the limit of " +
                              std::to_string(max_receive_size()) + " bytes (max_receive_size)");
  }
  message_ = Message(std::move(payload));
  message_.set_last();
  message_.set_arrived_compressed(compressed);
  return {};
}

void ServedCall::refuse(const Status& status) noexcept {
  if (Observer* const observer = part_.dispatcher().observer()) {
    observer->on_refusal({.cause = RefusedCall::Cause::Headers,
                          .path = path(),
                          .peer = *peer(),
                          .status = status,
                          .trace = &std::as_const(context()).trace()});
  }
  decide(status);
}

void ServedCall::on_task_done() noexcept {
  decide(task_.result());
  delete this;
}

/// The first status stays.
void ServedCall::decide(const Status& status) noexcept {
  if (std::exchange(decided_, true)) return;
  Status outcome = status;
  if (outcome.ok() && responses_count_ != 1) {
    outcome = internal_error("the method ended with " + std::to_string(responses_count_) +
                             " responses in place of one");
  }
  outcome = with_valid_metadata(outcome);
  if (route() != nullptr) part_.count(*route()->method, loop().now() - arrived_, outcome);
  reply(outcome);
}

Status ServedCall::with_valid_metadata(const Status& status) {
  if (has_no_answer_metadata()) return status;
  const Status head = drop_invalid(path(), response_metadata(), "response metadata");
  const Status tail = drop_invalid(path(), trailers(), "trailers");
  if (!status.ok()) return status;
  return head.ok() ? tail : head;
}

void ServedCall::reply(const Status& status) {
  Packed packed;
  Status outcome = status;
  if (outcome.ok()) {
    const Compression wanted =
        accepted_.contains(compression()) ? compression() : Compression::Identity;
    Result<Packed> made = pack(response_, wanted, max_send_size(), "response message",
                               "ServerOptions::max_send_size");
    if (made.ok()) {
      packed = *std::move(made);
    } else {
      outcome = made.status();
    }
  }
  const std::string headers =
      reply_headers(outcome, format(), packed.compression, std::as_const(*this).response_metadata(),
                    std::as_const(*this).trailers());
  const Status fits = part_.fits(headers.size(), packed.message.size());
  if (fits.ok()) return part_.reply(reply_to_, headers, packed.message);
  // What made it too large may be metadata or details: neither is kept.
  const Status plain(outcome.ok() ? fits.code() : outcome.code(),
                     outcome.ok() ? fits.message() : outcome.message());
  const Metadata none;
  part_.reply(reply_to_, reply_headers(plain, format(), Compression::Identity, none, none),
              Message());
}

// ---- Messages ----------------------------------------------------------------------------------

MessageReader::Poll ServedCall::Requests::poll(Message& out) {
  if (call.decided_ || std::exchange(call.read_, true)) return Poll::End;
  out = std::move(call.message_);
  return Poll::Message;
}

MessageWriter::Poll ServedCall::Responses::offer(const Message& message) {
  if (call.decided_) return Poll::Closed;
  const std::size_t size = message.size();
  // Refused here, so that what observes the call sees it too.
  const Status fits = call.part_.fits(0, size);
  if (size > call.max_send_size()) {
    call.cancel(resource_exhausted(
        "response message of " + std::to_string(size) + " bytes is larger than the limit of " +
        std::to_string(call.max_send_size()) + " (ServerOptions::max_send_size)"));
    return Poll::Closed;
  }
  if (!fits.ok() && call.compression() == Compression::Identity) {
    call.cancel(fits);
    return Poll::Closed;
  }
  ++call.responses_count_;
  call.response_ = message.owned();
  return Poll::Accepted;
}

}  // namespace weft::nats
