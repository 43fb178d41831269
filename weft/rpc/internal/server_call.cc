#include "weft/rpc/internal/server_call.h"

#include <array>
#include <exception>
#include <utility>
#include <vector>

#include "weft/base/log.h"
#include "weft/rpc/grpc_wire.h"
#include "weft/rpc/internal/server_connection.h"
#include "weft/rpc/internal/server_loop.h"

namespace weft::rpc {
namespace {

using http2::HeaderField;
using http2::Token;

constexpr HeaderField kStatus200{":status", "200", Token::Status};
constexpr HeaderField kContentType{"content-type", "application/grpc", Token::ContentType};

// Header lists are built here and encoded before anything else runs on the thread.
thread_local std::vector<HeaderField> fields_scratch;
thread_local std::string text_scratch;

constexpr std::uint8_t bit(Compression compression) noexcept {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(compression));
}

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

/// Answers a request that is not gRPC's as HTTP (protocol page: "415 for content-types that are not
/// application/grpc").
void refuse_http(ServerConnection& connection, http2::Stream& stream, std::string_view status,
                 bool end_stream) {
  const std::array<HeaderField, 1> fields = {HeaderField{":status", status, Token::Status}};
  connection.session().send_headers(stream, fields, true);
  if (!end_stream) connection.session().reset(stream, http2::ErrorCode::NoError);
  connection.flush_later();
}

}  // namespace

ServerCall::ServerCall(ServerConnection& connection, http2::Stream& stream, std::string_view path,
                       const Router::Route* route)
    : CancelHook(&ServerCall::on_cancelled),
      connection_(&connection),
      server_(connection.server()),
      route_(route),
      unknown_path_(route == nullptr ? path : std::string_view{}),
      call_(Call::Side::Server, connection.loop(),
            route == nullptr ? std::string_view(unknown_path_) : route->method->path,
            route == nullptr ? nullptr : route->method, nullptr),
      incoming_(connection.loop(), *this, server_.options().max_receive_size) {
  incoming_.attach(connection.session(), stream);
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
          server_call.send_headers();
        }
      },
      this);
  stream.user = this;
  server_.call_began(*this);
}

ServerCall::~ServerCall() { server_.call_ended(); }

void ServerCall::begin(ServerConnection& connection, http2::Stream& stream,
                       http2::HeaderFields fields, bool end_stream) {
  if (field_value(fields, Token::Method) != "POST") {
    return refuse_http(connection, stream, "405", end_stream);
  }
  if (!is_grpc_content_type(field_value(fields, Token::ContentType))) {
    return refuse_http(connection, stream, "415", end_stream);
  }
  const std::string_view path = field_value(fields, Token::Path);
  ServerLoop& server = connection.server();
  const bool over_limit = server.over_call_limit();
  auto* call = new ServerCall(connection, stream, path, server.shared().router.find(path));
  Status status = call->accept(fields);
  if (status.ok() && over_limit) {
    status = resource_exhausted("the server has reached its limit of " +
                                std::to_string(server.options().max_calls) +
                                " calls at a time (ServerOptions::max_calls)");
  }
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

Status ServerCall::accept(http2::HeaderFields fields) {
  Duration timeout = kForever;
  for (const HeaderField& field : fields) {
    Status status = accept_field(field, timeout);
    if (!status.ok()) return status;
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
    std::string message = end.by == http2::StreamEnd::By::PeerReset
                              ? "the client cancelled the call (RST_STREAM "
                              : "the connection to the client was lost (";
    message.append(http2::name_of(end.code)).append(")");
    call_.context().cancel(Status(StatusCode::Cancelled, message, Origin::Transport));
  }
  finished_ = true;
  if (task_done_) delete this;
}

void ServerCall::on_cancelled(CancelHook& hook, const Status& reason) noexcept {
  static_cast<ServerCall&>(hook).finish(reason);
}

MessageWriter::Poll ServerCall::Responses::offer(const Message& message) {
  if (self.finished_ || self.outgoing_.stream() == nullptr) return Poll::Closed;
  if (self.outgoing_.blocked()) return Poll::Blocked;
  if (message.size() > self.call_.max_send_size()) {
    self.cancel(resource_exhausted("response message of " + std::to_string(message.size()) +
                                   " bytes is larger than the limit of " +
                                   std::to_string(self.call_.max_send_size()) +
                                   " (ServerOptions::max_send_size)"));
    return Poll::Closed;
  }
  if (!self.headers_sent_) self.send_headers();
  Status sent = self.connection_->send_message(*self.outgoing_.stream(), message,
                                               self.compression_, false);
  if (sent.ok()) return Poll::Accepted;
  self.cancel(sent);
  return Poll::Closed;
}

Compression ServerCall::response_compression() const noexcept {
  const Compression wanted = call_.compression();
  return (accepted_compressions_ & bit(wanted)) != 0 ? wanted : Compression::Identity;
}

void ServerCall::send_headers() {
  if (headers_sent_) return;
  headers_sent_ = true;
  fields_scratch.assign({kStatus200, kContentType});
  text_scratch.clear();
  compression_ = response_compression();
  if (compression_ != Compression::Identity) {
    fields_scratch.push_back({"grpc-encoding", name_of(compression_), Token::GrpcEncoding});
  }
  if (request_compressed_) {
    fields_scratch.push_back(
        {"grpc-accept-encoding", accepted_compressions(), Token::GrpcAcceptEncoding});
  }
  append_fields(call_.response_metadata(), fields_scratch, text_scratch);
  connection_->session().send_headers(*outgoing_.stream(), fields_scratch, false);
  connection_->note_sent();
  connection_->flush_later();
}

void ServerCall::send_trailers(const Status& status) {
  fields_scratch.clear();
  text_scratch.clear();
  if (!headers_sent_) {
    // Trailers-Only: one header block that both begins and ends the response.
    fields_scratch.assign({kStatus200, kContentType});
    if (request_compressed_ && status.code() == StatusCode::Unimplemented) {
      fields_scratch.push_back(
          {"grpc-accept-encoding", accepted_compressions(), Token::GrpcAcceptEncoding});
    }
  }
  std::array<char, 2> digits;
  const auto code = static_cast<unsigned>(status.code());
  std::size_t length = 0;
  if (code >= 10) digits[length++] = '1';
  digits[length++] = static_cast<char>('0' + code % 10);
  fields_scratch.push_back({"grpc-status", {digits.data(), length}, Token::GrpcStatus});
  std::string message;
  if (!status.message().empty()) {
    percent_encode(status.message(), message);
    fields_scratch.push_back({"grpc-message", message, Token::GrpcMessage});
  }
  std::string details;
  if (!status.details().empty()) {
    base64_encode(status.details(), details);
    fields_scratch.push_back({"grpc-status-details-bin", details, Token::GrpcStatusDetailsBin});
  }
  std::string response_text;
  if (!headers_sent_) append_fields(call_.response_metadata(), fields_scratch, response_text);
  append_fields(call_.trailers(), fields_scratch, text_scratch);
  headers_sent_ = true;
  connection_->session().send_headers(*outgoing_.stream(), fields_scratch, true);
}

/// Tells a client that is still sending to stop, once the response has left (RFC 9113 section 8.1).
void ServerCall::stop_request() noexcept {
  http2::Stream* stream = outgoing_.stream();
  if (stream == nullptr || stream->queued() != 0 || stream->peer_ended()) return;
  connection_->session().reset(*stream, http2::ErrorCode::NoError);
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
  ServerConnection& connection = *connection_;
  http2::Stream& stream = *outgoing_.stream();
  connection.note_sent();
  connection.flush_later();
  if (!status.ok() && stream.queued() != 0) {
    // The trailers would wait behind messages that the client does not take.
    connection.session().reset(stream, reset_of_status(status.code()));
    return;
  }
  send_trailers(status);
  stop_request();
  // Wakes a handler that is waiting to write, so that it sees the call is over.
  outgoing_.wake();
}

}  // namespace weft::rpc
