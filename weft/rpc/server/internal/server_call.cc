#include "weft/rpc/server/internal/server_call.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "weft/base/log.h"
#include "weft/rpc/call/internal/observed_call.h"
#include "weft/rpc/grpc/grpc_wire.h"
#include "weft/rpc/server/handler.h"
#include "weft/rpc/server/internal/server_loop.h"
#include "weft/rpc/server/socket/internal/server_connection.h"

namespace weft::rpc {
namespace {

using http2::HeaderField;
using http2::Token;

// A call's record, its stream's, what the frames of a handler and its middlewares take as a rule,
// and as much of its messages as is not accounted for (StreamMessages::account).
constexpr std::size_t kCallMemory = sizeof(ServerCall) + 4096;
static_assert(sizeof(ServerCall) <= 424, "every pending call and every stream pays for it");

std::string_view field_value(http2::HeaderFields fields, Token token) noexcept {
  for (const HeaderField& field : fields) {
    if (field.token == token) return field.value;
  }
  return {};
}

/// What `run` gives, or what becomes of what it throws: a middleware's, as a handler's is caught
/// where it is called.
template <class F>
Status outcome_of(std::string_view path, F&& run) noexcept {
  try {
    return run();
  } catch (...) {
    return status_of_exception(path);
  }
}

/// Neither inline nor throwing, so that calls without trace and baggage pay for a test only: a
/// constructor that may throw keeps ends for all its bases.
[[gnu::noinline]] void take_over(Context& context, const RequestHead& head) noexcept {
  if (head.carried == nullptr) {
    context.trace() = head.trace;
  } else {
    context.receive(*head.carried);
  }
}

/// The server's codecs live until its last call has ended.
[[gnu::cold, gnu::noinline]] void use_format(Call& call, const CodecTable::Served& format) {
  call.set_codec(codec::borrowed(*format.codec));
}

/// By the server's options, and the service's own.
std::size_t largest_request(ServerConnection& connection, const RequestHead& head) noexcept {
  const std::size_t limit = connection.server().options().max_receive_size;
  return head.route == nullptr ? limit : std::min(limit, head.route->max_request_size);
}

/// Why a stream ended before its call did.
std::string why_gone(const http2::StreamEnd& end) {
  if (end.by == http2::StreamEnd::By::PeerReset) {
    return std::string("the client cancelled the call (RST_STREAM ")
        .append(http2::name_of(end.code))
        .append(")");
  }
  if (!end.detail.empty()) {
    return std::string("the client broke a rule of HTTP/2: ").append(end.detail);
  }
  return "the connection to the client was lost";
}

/// Answers a request that is not gRPC's as HTTP (protocol page: "415 for content-types that are not
/// application/grpc"), with a text for the person who sent it.
void refuse_http(ServerConnection& connection, http2::Stream& stream, std::string_view path,
                 std::string_view status, const std::string& why, bool head, bool end_stream) {
  const std::array<HeaderField, 3> fields = {
      HeaderField{":status", status, Token::Status},
      HeaderField{"content-type", "text/plain", Token::ContentType},
      HeaderField{"allow", "POST", Token::Other}};
  if (Observer* const observer = connection.server().observer()) {
    // As which clients of gRPC see both.
    const Status refused(StatusCode::Unknown, why, Origin::Local);
    observer->on_refusal({.cause = RefusedCall::Cause::NotGrpc,
                          .path = path,
                          .peer = *connection.peer(),
                          .status = refused});
  }
  // RFC 9110 section 9.3.2: no content in the response to HEAD.
  connection.session().send_headers(stream, fields, head);
  if (!head) {
    const Bytes text = Bytes::copy_of(why + "; this port serves gRPC\n");
    connection.session().queue_data(stream, text, true);
  }
  if (!end_stream) connection.read_to_its_end(stream);
  connection.flush_later();
}

bool is_grpc(std::string_view method, std::string_view content_type) noexcept {
  return method == "POST" && content_type_of(content_type) != ContentType::NotGrpc;
}

RequestRules rules_of(ServerConnection& connection) {
  const ServerOptions& options = connection.server().options();
  return {.dispatcher = connection.server().shared().dispatcher,
          .max_metadata_size = options.max_metadata_size,
          .accepted = options.accepted_compressions,
          .propagation = options.propagation};
}

void spend_on(ServerConnection& connection, http2::HeaderFields fields) {
  std::size_t size = 0;
  for (const HeaderField& field : fields) size += field.size();
  connection.spend_on_headers(size);
}

}  // namespace

ServerCall::ServerCall(ServerConnection& connection, http2::Stream& stream, RequestHead::Ref head)
    : Runnable(&ServerCall::start),
      StreamMessages(largest_request(connection, *head)),
      Call(connection.loop(), head->path(), nullptr, &ServerCall::on_cancelled),
      server_(connection.server()),
      head_(std::move(head)) {
  StreamMessages::attach(connection, stream);
  if (head_->route != nullptr) set_route(*head_->route, *head_->route->method);
  set_single_at_end(method() != nullptr && !streams_requests(method()->kind));
  expect_reader();
  set_arriving_compression(head_->compression);
  share_request_metadata(head_->metadata);
  if (head_->carries()) [[unlikely]]
    take_over(context(), *head_);
  set_requests(*this);
  set_responses(*this);
  set_peer(connection.peer());
  set_max_receive_size(max_message_size());
  set_max_send_size(server_.options().max_send_size);
  set_on_response_metadata([](Call& call) noexcept {
    auto& self = static_cast<ServerCall&>(call);
    if (!self.finished_ && self.stream() != nullptr) static_cast<void>(self.announce());
  });
  stream.user = this;
  memory().call_began(memory_taken());
  server_.call_began(*this);
}

ServerCall::~ServerCall() {
  if (observed()) [[unlikely]]
    forget_observer();
  memory().call_ended(memory_taken());
  server_.call_ended();
}

/// What the call takes whatever becomes of it.
std::size_t ServerCall::memory_taken() const noexcept { return kCallMemory + head_->memory(); }

void ServerCall::begin(ServerConnection& connection, http2::Stream& stream,
                       http2::HeaderFields fields, bool end_stream) {
  RequestHead::Ref head = find_head(connection, stream, fields, end_stream);
  if (!head) return;
  if (head->refusable()) [[likely]] {
    const Admission::Verdict verdict = connection.server().admit_call(
        connection.in_round(), connection.last_read(), head->timeout);
    if (verdict != Admission::Verdict::Admitted) [[unlikely]]
      return connection.refuse(stream, verdict, *head, end_stream);
  }
  Status admitted = connection.server().admit_call(*connection.memory());
  auto* call = new ServerCall(connection, stream, std::move(head));
  call->keep_deadline();
  const Status& status = call->head_->status.ok() ? admitted : call->head_->status;
  if (end_stream) static_cast<void>(call->end_input());
  Observer* const observer = connection.server().observer();
  if (status.ok()) {
    if (observer != nullptr) [[unlikely]]
      call->observe(*observer);
    connection.loop().ready(*call);
    return;
  }
  if (observer != nullptr) {
    using Cause = RefusedCall::Cause;
    observer->on_refusal({.cause = call->head_->status.ok() ? Cause::Limit : Cause::Headers,
                          .path = call->path(),
                          .peer = *connection.peer(),
                          .status = status,
                          .trace = &std::as_const(call->context()).trace()});
  }
  call->end(status);
}

/// Without memory for that it is not observed.
void ServerCall::observe(Observer& observer) noexcept {
  const bool served = route() != nullptr || server_.shared().dispatcher.has_fallback();
  try {
    static_cast<void>(new ObservedCall(
        observer, *this, served ? ObservedCall::Path::Served : ObservedCall::Path::Unknown,
        CountedMessages::Wire::Framed));
    set_observed();
  } catch (const std::bad_alloc&) {
    log(LogLevel::Error, "a call is not observed: there is no memory for that");
  }
}

void ServerCall::handler_begins() noexcept { ObservedCall::of(*this).handler_begins(); }
void ServerCall::tell_end(const Status& status) noexcept { ObservedCall::of(*this).end(status); }
void ServerCall::forget_observer() noexcept { delete &ObservedCall::of(*this); }
void ServerCall::decided(const Status& status) noexcept { ObservedCall::of(*this).decided(status); }

void ServerCall::on_unpacked(std::size_t packed, std::size_t plain) noexcept {
  stats()->received_wire_bytes += packed - plain;
}

/// What the call's counter does not know: that it was compressed.
void ServerCall::count_sent(const Message& message) noexcept {
  if (!Connection::compresses(message, sent_compression_)) return;
  stats()->sent_wire_bytes -= static_cast<std::uint64_t>(connection().saved_last());
}

void ServerCall::keep_deadline() {
  if (head_->timeout == kForever || !head_->status.ok()) return;
  const TimePoint now = loop().now();
  set_started(now);
  limit_deadline(after(now, head_->timeout));
}

/// Makes the head of a request that is gRPC's; answers one that is not, and returns null.
RequestHead::Ref ServerCall::read_head(ServerConnection& connection, http2::Stream& stream,
                                       http2::HeaderFields fields, bool end_stream) {
  const std::string_view method = field_value(fields, Token::Method);
  const std::string_view type = field_value(fields, Token::ContentType);
  const bool grpc = is_grpc(method, type);
  OtherRequests* const others = connection.server().shared().other_requests.get();
  if (!grpc && others != nullptr && others->take(connection, stream, fields, end_stream)) return {};
  if (method != "POST") {
    refuse_http(connection, stream, field_value(fields, Token::Path), "405",
                "method '" + std::string(method.substr(0, 32)) + "' is not POST", method == "HEAD",
                end_stream);
    return {};
  }
  if (!grpc) {
    refuse_http(connection, stream, field_value(fields, Token::Path), "415",
                "content-type '" + std::string(type.substr(0, 64)) + "' is not application/grpc",
                false, end_stream);
    return {};
  }
  spend_on(connection, fields);
  return RequestHead::Ref::make(fields, field_value(fields, Token::Path), rules_of(connection));
}

/// The same where the connection has brought other requests with the same beginning; null where
/// that is no gRPC's, or the beginning alone cannot be served.
RequestHead::Ref ServerCall::complete_head(ServerConnection& connection,
                                           http2::HeaderFields fields) {
  const http2::Session::KnownBeginning known = connection.session().known_beginning();
  if (known.memo == nullptr) return {};
  const RequestRules rules = rules_of(connection);
  if (*known.memo == nullptr) {
    if (!is_grpc(field_value(known.fields, Token::Method),
                 field_value(known.fields, Token::ContentType))) {
      return {};
    }
    *known.memo = std::make_unique<RequestHeadMemo>(
        RequestHead::Ref::make(known.fields, field_value(known.fields, Token::Path), rules));
  }
  const RequestHead& beginning = *static_cast<RequestHeadMemo&>(**known.memo).head;
  if (!beginning.status.ok()) return {};
  const http2::HeaderFields rest = fields.subspan(known.fields.size());
  spend_on(connection, rest);
  return RequestHead::Ref::make(beginning, rest, rules);
}

/// As read_head(), unless the connection has brought the same header block before.
RequestHead::Ref ServerCall::find_head(ServerConnection& connection, http2::Stream& stream,
                                       http2::HeaderFields fields, bool end_stream) {
  std::unique_ptr<http2::HeaderMemo>* memo = connection.session().memo();
  if (memo != nullptr && *memo != nullptr) [[likely]] {
    return static_cast<RequestHeadMemo&>(**memo).head;
  }
  RequestHead::Ref head = complete_head(connection, fields);
  if (!head) head = read_head(connection, stream, fields, end_stream);
  if (head && memo != nullptr) *memo = std::make_unique<RequestHeadMemo>(head);
  return head;
}

void ServerCall::start(Runnable& runnable) noexcept {
  auto& self = static_cast<ServerCall&>(runnable);
  if (self.finished_) {
    // Cancelled before it began: the handler is spared.
    return self.end({});
  }
  if (self.observed()) [[unlikely]]
    self.handler_begins();
  const Status begun = outcome_of(self.path(), [&self]() -> Status {
    if (self.head_->format != nullptr) [[unlikely]]
      use_format(self, *self.head_->format);
    self.task_ = coro::SmallTask(self.server_.shared().dispatcher.run(self));
    return {};
  });
  if (!begun.ok()) return self.end(begun);
  self.starting_ = true;
  self.task_.start_at_top(
      &self.context(),
      {[](void* call) noexcept { static_cast<ServerCall*>(call)->on_task_done(); }, &self});
  self.starting_ = false;
  if (self.over_) return self.release();
  self.keep_unread();
}

/// Nothing refers to the call any more.
void ServerCall::release() noexcept {
  over_ = true;
  if (!starting_) delete this;
}

void ServerCall::on_task_done() noexcept {
  if (waited_for()) [[unlikely]]
    still_waited_for(path());
  end(outcome_of(path(), [this] { return std::move(task_.result()); }));
}

/// Nothing of the call runs any more.
void ServerCall::end(const Status& status) noexcept {
  finish(status);
  if (observed()) [[unlikely]]
    tell_end(status);
  task_done_ = true;
  if (stream() == nullptr) release();
}

void ServerCall::on_data(BytesView data, bool end_stream) {
  if (finished_) return;
  Status status = push(data);
  if (!status.ok()) {
    drop_input();
    return context().cancel(status);
  }
  if (end_stream) on_request_end();
}

void ServerCall::on_request_end() {
  Status status = end_input();
  if (!status.ok()) context().cancel(status);
}

void ServerCall::on_stream_closed(const http2::StreamEnd& end) noexcept {
  detach();
  const bool completed = end.by == http2::StreamEnd::By::Completion;
  if (!finished_ && !completed) {
    finished_ = true;
    drop_input();
    const Status reason(StatusCode::Cancelled, why_gone(end), Origin::Transport);
    if (observed()) decided(reason);
    context().cancel(reason);
  }
  finished_ = true;
  if (task_done_) release();
}

void ServerCall::on_cancelled(weft::CancelHook& hook, const Status& reason) noexcept {
  auto& self = static_cast<ServerCall&>(Call::of(hook));
  http2::Stream* stream = self.stream();
  // What is queued waits for a client that does not take it, and nothing waits behind it: the
  // status is to arrive now.
  const bool stuck = stream != nullptr && stream->queued() != 0;
  if (stuck) self.connection().session().drop_queued(*stream);
  if (!self.finished_) return self.finish(reason);
  if (!stuck) return;
  self.connection().flush_later();
  http2::Session& session = self.connection().session();
  const bool request_ended = stream->peer_ended();
  // Where the request has ended too, this ends the stream, and with it the call.
  self.send_trailers(self.sendable(reason));
  if (!request_ended) session.reset(*stream, http2::ErrorCode::NoError);
}

void ServerCall::on_drained() noexcept {
  wake_writer();
  if (finished_) stop_request();
}

void ServerCall::finish(const Status& status) noexcept {
  if (finished_) return;
  finished_ = true;
  drop_input();
  if (stream() == nullptr) {
    if (observed()) decided(status);
    return;
  }
  connection().note_sent();
  connection().flush_later();
  try {
    send_trailers(sendable(status));
  } catch (const std::bad_alloc&) {
    return connection().session().reset(*stream(), http2::ErrorCode::InternalError);
  }
  stop_request();
  // Wakes a handler that is waiting to write, so that it sees the call is over.
  wake_writer();
}

}  // namespace weft::rpc
