#include "weft/rpc/internal/server_call.h"

#include <array>
#include <exception>
#include <new>
#include <utility>

#include "weft/base/log.h"
#include "weft/rpc/grpc_wire.h"
#include "weft/rpc/internal/server_connection.h"
#include "weft/rpc/internal/server_loop.h"

namespace weft::rpc {
namespace {

using http2::HeaderField;
using http2::Token;

constexpr std::uint8_t bit(Compression compression) noexcept {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(compression));
}

// A call's record, its stream's, and what the frames of a handler and its middlewares take as a
// rule.
constexpr std::size_t kCallMemory = sizeof(ServerCall) + 2048;

/// The bits of a `grpc-accept-encoding`; names nobody knows are passed over.
std::uint8_t parse_accepted(std::string_view list) noexcept {
  std::uint8_t bits = bit(Compression::Identity);
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view name = list.substr(0, comma);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    Compression compression;
    if (compression_of(name, compression)) bits |= bit(compression);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return bits;
}

std::string_view field_value(http2::HeaderFields fields, Token token) noexcept {
  for (const HeaderField& field : fields) {
    if (field.token == token) return field.value;
  }
  return {};
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
void refuse_http(ServerConnection& connection, http2::Stream& stream, std::string_view status,
                 const std::string& why, bool head, bool end_stream) {
  const std::array<HeaderField, 3> fields = {
      HeaderField{":status", status, Token::Status},
      HeaderField{"content-type", "text/plain", Token::ContentType},
      HeaderField{"allow", "POST", Token::Other}};
  // RFC 9110 section 9.3.2: no content in the response to HEAD.
  connection.session().send_headers(stream, fields, head);
  if (!head) {
    const Bytes text = Bytes::copy_of(why + "; this port serves gRPC\n");
    connection.session().queue_data(stream, text, true);
  }
  if (!end_stream) connection.read_to_its_end(stream);
  connection.flush_later();
}

}  // namespace

ServerCall::ServerCall(ServerConnection& connection, http2::Stream& stream, std::string_view path,
                       const Router::Route* route)
    : CancelHook(&ServerCall::on_cancelled),
      connection_(&connection),
      server_(connection.server()),
      memory_(connection.memory()),
      route_(route),
      unknown_path_(route == nullptr ? path : std::string_view{}),
      call_(Call::Side::Server, connection.loop(),
            route == nullptr ? std::string_view(unknown_path_) : route->method->path,
            route == nullptr ? nullptr : route->method, nullptr),
      incoming_(connection.loop(), *this, server_.options().max_receive_size) {
  incoming_.attach(connection, stream);
  outgoing_.attach(connection, stream);
  incoming_.set_single(route != nullptr && !streams_requests(route->method->kind));
  call_.set_requests(incoming_);
  call_.set_responses(responses_);
  call_.set_peer(connection.peer());
  call_.set_max_receive_size(server_.options().max_receive_size);
  call_.set_max_send_size(server_.options().max_send_size);
  call_.set_on_response_metadata(
      [](Call&, void* self) noexcept {
        auto& server_call = *static_cast<ServerCall*>(self);
        if (!server_call.finished_ && server_call.outgoing_.stream() != nullptr) {
          static_cast<void>(server_call.announce());
        }
      },
      this);
  stream.user = this;
  server_.call_began(*this);
}

ServerCall::~ServerCall() {
  memory_->call_ended(charged_);
  server_.call_ended();
}

void ServerCall::begin(ServerConnection& connection, http2::Stream& stream,
                       http2::HeaderFields fields, bool end_stream) {
  const std::string_view method = field_value(fields, Token::Method);
  if (method != "POST") {
    return refuse_http(connection, stream, "405",
                       "method '" + std::string(method.substr(0, 32)) + "' is not POST",
                       method == "HEAD", end_stream);
  }
  const std::string_view type = field_value(fields, Token::ContentType);
  if (!is_grpc_content_type(type)) {
    return refuse_http(
        connection, stream, "415",
        "content-type '" + std::string(type.substr(0, 64)) + "' is not application/grpc", false,
        end_stream);
  }
  const std::string_view path = field_value(fields, Token::Path);
  ServerLoop& server = connection.server();
  Status admitted = server.admit_call(*connection.memory());
  auto* call = new ServerCall(connection, stream, path, server.shared().router.find(path));
  Status status = call->accept(fields);
  call->charge();
  if (status.ok()) status = std::move(admitted);
  if (end_stream) static_cast<void>(call->incoming_.end());
  if (!call->call_.context().add_hook(*call)) std::terminate();  // a fresh root context
  if (status.ok()) {
    connection.loop().ready(call->start_);
    return;
  }
  call->finish(status);
  call->task_done_ = true;
  if (call->outgoing_.stream() == nullptr) delete call;
}

void ServerCall::charge() noexcept {
  charged_ = kCallMemory + unknown_path_.capacity() + call_.request_metadata().memory();
  memory_->call_began(charged_);
}

Status ServerCall::accept(http2::HeaderFields fields) {
  Duration timeout = kForever;
  for (const HeaderField& field : fields) {
    Status status = accept_field(field, timeout);
    if (!status.ok()) return status;
  }
  if (timeout <= Duration::zero()) {
    return deadline_exceeded("the deadline had passed before the call arrived");
  }
  if (timeout != kForever) {
    const TimePoint now = call_.loop().now();
    call_.set_started(now);
    call_.limit_deadline(after(now, timeout));
  }
  return {};
}

Status ServerCall::accept_field(const HeaderField& field, Duration& timeout) {
  switch (field.token) {
    case Token::GrpcTimeout:
      if (parse_timeout(field.value, timeout)) return {};
      return invalid_argument("grpc-timeout '" + std::string(field.value.substr(0, 64)) +
                              "' is not one to eight digits and a unit of H M S m u n");
    case Token::GrpcEncoding: {
      Compression compression;
      request_compressed_ = true;
      if (!compression_of(field.value, compression)) {
        return unimplemented("grpc-encoding '" + std::string(field.value.substr(0, 64)) +
                             "' is not supported; accepted are " +
                             std::string(accepted_compressions()));
      }
      incoming_.set_compression(compression);
      return {};
    }
    case Token::GrpcAcceptEncoding:
      accepted_compressions_ = parse_accepted(field.value);
      return {};
    case Token::Authority:
    case Token::Method:
    case Token::Path:
    case Token::Scheme:
    case Token::Protocol:
    case Token::Status:
    case Token::ContentType:
    case Token::ContentLength:
    case Token::Te:
      return {};
    default:
      if (add_received(field, call_.request_metadata())) return {};
      return internal_error("metadata '" + std::string(field.name.substr(0, 64)) +
                            "' is not valid base64");
  }
}

void ServerCall::run(Runnable& runnable) noexcept {
  ServerCall& self = static_cast<Start&>(runnable).self;
  if (self.finished_) {
    // Cancelled before it began: the handler is spared.
    self.task_done_ = true;
    if (self.outgoing_.stream() == nullptr) delete &self;
    return;
  }
  self.task_ = self.server_.shared().middlewares.serve(self.call_, self);
  self.task_.start(
      &self.call_.context(),
      {[](void* call) noexcept { static_cast<ServerCall*>(call)->on_task_done(); }, &self});
}

Task<Status> ServerCall::serve(Call& call) {
  if (route_ == nullptr) return server_.shared().router.not_found(call.path());
  return route_->service->serve(route_->index, call);
}

void ServerCall::on_task_done() noexcept {
  Status status;
  try {
    status = task_.take();
  } catch (const std::bad_alloc&) {
    log(LogLevel::Error, std::string(call_.path()) + ": the handler ran out of memory");
    status = resource_exhausted("the server has no memory for this call");
  } catch (const std::exception& error) {
    // The peer is not told what the exception says: that may be nobody's business but ours.
    log(LogLevel::Error, std::string(call_.path()) + ": the handler threw: " + error.what());
    status = internal_error("the handler threw an exception");
  } catch (...) {
    log(LogLevel::Error, std::string(call_.path()) + ": the handler threw");
    status = internal_error("the handler threw an exception");
  }
  finish(status);
  task_done_ = true;
  if (outgoing_.stream() == nullptr) delete this;
}

void ServerCall::on_data(Bytes data, bool end_stream) {
  if (finished_) return;
  Status status = incoming_.push(std::move(data));
  if (!status.ok()) {
    incoming_.fail();
    return call_.context().cancel(status);
  }
  if (end_stream) on_request_end();
}

void ServerCall::on_request_end() {
  Status status = incoming_.end();
  if (!status.ok()) call_.context().cancel(status);
}

void ServerCall::on_stream_closed(const http2::StreamEnd& end) noexcept {
  incoming_.detach();
  outgoing_.detach();
  connection_ = nullptr;
  const bool completed = end.by == http2::StreamEnd::By::Completion;
  if (!finished_ && !completed) {
    finished_ = true;
    incoming_.fail();
    call_.context().cancel(Status(StatusCode::Cancelled, why_gone(end), Origin::Transport));
  }
  finished_ = true;
  if (task_done_) delete this;
}

void ServerCall::on_cancelled(CancelHook& hook, const Status& reason) noexcept {
  auto& self = static_cast<ServerCall&>(hook);
  http2::Stream* stream = self.outgoing_.stream();
  // What is queued waits for a client that does not take it, and nothing waits behind it: the
  // status is to arrive now.
  const bool stuck = stream != nullptr && stream->queued() != 0;
  if (stuck) self.connection_->session().drop_queued(*stream);
  if (!self.finished_) return self.finish(reason);
  if (!stuck) return;
  self.connection_->flush_later();
  http2::Session& session = self.connection_->session();
  const bool request_ended = stream->peer_ended();
  // Where the request has ended too, this ends the stream, and with it the call.
  self.send_trailers(self.sendable(reason));
  if (!request_ended) session.reset(*stream, http2::ErrorCode::NoError);
}

void ServerCall::on_drained() noexcept {
  outgoing_.wake();
  if (finished_) stop_request();
}

void ServerCall::finish(const Status& status) noexcept {
  if (finished_) return;
  finished_ = true;
  incoming_.fail();
  if (outgoing_.stream() == nullptr) return;
  connection_->note_sent();
  connection_->flush_later();
  send_trailers(sendable(status));
  stop_request();
  // Wakes a handler that is waiting to write, so that it sees the call is over.
  outgoing_.wake();
}

}  // namespace weft::rpc
