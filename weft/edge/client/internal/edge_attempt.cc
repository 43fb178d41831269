#include "weft/edge/client/internal/edge_attempt.h"

#include <string>
#include <utility>

#include "weft/base/log/log_value.h"
#include "weft/base/text/ascii.h"
#include "weft/edge/client/internal/answer_body.h"
#include "weft/edge/client/internal/connect_answer.h"
#include "weft/edge/client/internal/envelope_reader.h"
#include "weft/edge/client/internal/outgoing_head.h"
#include "weft/edge/client/internal/protocol_fields.h"
#include "weft/http1/client/url.h"

namespace weft::edge {
namespace {

// Once the status is known the rest of the body has so long to come; then the connection is closed.
constexpr Duration kRestOfBody = std::chrono::seconds(1);

Status broken(const std::string& why) { return Status(StatusCode::Internal, why, Origin::Peer); }

Status takes_no_more() { return cancelled("the caller takes no more responses"); }

/// Reads the end of the body, so that the connection may be used again.
Task<Status> read_end(http1::ResponseStream& stream, Status status) {
  const Result<Bytes> rest = co_await stream.read();
  // A body that does not end, or breaks now, is no matter: the status has come.
  if (status.ok() && rest.ok() && !rest->empty()) co_return behind_the_end();
  co_return status;
}

}  // namespace

std::string_view EdgeAttempt::format() const noexcept {
  return call_.codec() == nullptr ? std::string_view("proto") : call_.codec()->name();
}

Status EdgeAttempt::check() const {
  if (call_.codec() != nullptr) {
    if (Status valid = codec::check_name(format()); !valid.ok()) {
      return valid.with_prefix("CallOptions::codec");
    }
  }
  if (is_web()) return {};
  if (call_.method() == nullptr) {
    return unimplemented(
        std::string(call_.path()) +
        ": Connect has to know whether a method streams, and nothing says so here");
  }
  if (call_.method()->kind != MethodKind::BidiStreaming) return {};
  return unimplemented(std::string(call_.path()) +
                       " streams both ways, for which Connect needs HTTP/2, and this transport "
                       "speaks HTTP/1.1; use gRPC or grpc-web+");
}

Task<Status> EdgeAttempt::run() {
  if (Status status = check(); !status.ok()) co_return status;
  if (call_.context().is_cancelled()) co_return call_.context().cancel_reason();
  if (call_.context().deadline() <= call_.loop().now()) {
    co_return deadline_exceeded("the deadline had passed before the call was sent");
  }
  call_.watch_deadline();
  unary_ = !is_web() && call_.method()->kind == MethodKind::Unary;
  Task<Status> exchanging = exchange();
  Status status = co_await std::move(exchanging).in(context_);
  // What ended the call here is this side's own reason.
  if (context_.is_cancelled() && !status.ok()) co_return context_.cancel_reason();
  co_return status;
}

Task<Status> EdgeAttempt::exchange() {
  Result<http1::Request> request = co_await make_request();
  if (!request.ok()) co_return request.status();
  Result<http1::ResponseStream> stream = co_await http_.open(*std::move(request));
  if (body_ != nullptr && !body_->failure().ok()) co_return body_->failure();
  if (!stream.ok()) co_return stream.status();
  Status status = co_await read_answer(*std::move(stream));
  if (body_ != nullptr && !body_->failure().ok()) co_return body_->failure();
  co_return status;
}

Task<Result<http1::Request>> EdgeAttempt::make_request() {
  const bool streams = call_.method() == nullptr || streams_requests(call_.method()->kind);
  if (streams) {
    http1::Request request("POST", setup_.destination.url + std::string(call_.path()));
    Status status = add_head(setup_, call_, format(), Framing::Envelopes, request);
    if (!status.ok()) co_return status;
    body_ = std::make_shared<RequestBody>(call_);
    request.body(std::shared_ptr<http1::BodySource>(body_));
    co_return std::move(request);
  }
  const std::optional<Message> message = co_await call_.requests().read();
  if (!message) co_return cancelled("the call ended before its request was there");
  co_return make_whole_request(*message);
}

Result<http1::Request> EdgeAttempt::make_whole_request(const Message& message) {
  Result<PackedMessage> packed = pack(message, call_);
  if (!packed.ok()) return packed.status();
  std::string url = setup_.destination.url + std::string(call_.path());
  const Framing framing = unary_ ? Framing::Unary : Framing::Envelopes;
  const Compression compression = packed->compressed ? call_.compression() : Compression::Identity;
  if (unary_ && setup_.safe_methods == SafeMethods::Get && call_.method()->no_side_effects) {
    std::string with_message = url + get_query(format(), packed->bytes.view(), compression);
    if (with_message.size() <= http1::Url::kMostBytes) {
      http1::Request request("GET", std::move(with_message));
      Status status = add_head(setup_, call_, format(), framing, request);
      if (!status.ok()) return status;
      return request;
    }
  }
  http1::Request request("POST", std::move(url));
  Status status = add_head(setup_, call_, format(), framing, request);
  if (!status.ok()) return status;
  if (unary_ && packed->compressed) request.header("content-encoding", name_of(compression));
  request.body(unary_ ? packed->bytes : envelope(*packed));
  return request;
}

Task<Status> EdgeAttempt::read_answer(http1::ResponseStream stream) {
  const http1::ResponseInfo& info = stream.info();
  const Framing framing = unary_ ? Framing::Unary : Framing::Envelopes;
  const std::string type = content_type(setup_.destination.protocol, framing, format());
  const bool ours = info.status == 200 && is_type(info.fields.get("content-type"), type);
  if (is_web()) {
    GrpcEnd end;
    for (const http1::Field& field : info.fields) end.take(field.name, field.value);
    // It counts where no body follows.
    if (!end.code.empty()) end_in_head_ = end.status();
    if (!end.code.empty() && !ours) {
      Status status =
          read_metadata(info.fields, call_.response_metadata(), nullptr, setup_.max_metadata_size);
      return Task<Status>(status.ok() ? take_end_in_head() : std::move(status));
    }
  }
  // The error of a unary call is JSON, whatever the format of its messages. Anything else that is
  // not the call's says nothing by its fields: it is judged first.
  const bool is_error =
      unary_ && info.status != 200 && is_type(info.fields.get("content-type"), "application/json");
  if (!ours && !is_error) return briefly(foreign_answer(std::move(stream), type));
  Status status = read_metadata(info.fields, call_.response_metadata(),
                                unary_ ? &call_.trailers() : nullptr, setup_.max_metadata_size);
  const std::string_view encoding = unary_     ? "content-encoding"
                                    : is_web() ? "grpc-encoding"
                                               : "connect-content-encoding";
  if (status.ok()) status = take_encoding(encoding, info.fields.joined(encoding));
  if (!status.ok()) return Task<Status>(std::move(status));
  const bool failed = end_in_head_ && !end_in_head_->ok();
  if (!unary_)
    return failed ? briefly(read_envelopes(std::move(stream))) : read_envelopes(std::move(stream));
  return ours ? read_unary(std::move(stream)) : briefly(read_unary_error(std::move(stream)));
}

/// Says that the response's metadata are there. It commits a call that would be repeated otherwise,
/// so a failure is not announced (gRFC A6).
void EdgeAttempt::announce() noexcept {
  if (!std::exchange(announced_, true)) call_.announce_response_metadata();
}

Status EdgeAttempt::take_encoding(std::string_view name, std::string_view value) {
  if (value.empty()) return {};
  Compression compression = Compression::Identity;
  // Names of encodings have no case (RFC 9110 section 8.4.1).
  if (compression_of(ascii::lower(std::string(value)), compression) &&
      setup_.accepted.contains(compression)) {
    arriving_ = compression;
    return {};
  }
  return broken("the server compresses with " + std::string(name) + " " +
                log_value(std::string(value)) + ", which was not offered");
}

/// A content without its compression.
Result<Bytes> EdgeAttempt::inflate(Bytes content, const ContentKind& kind) const {
  if (content.empty()) return content;
  const std::string name(kind.name);
  if (arriving_ == Compression::Identity) {
    return broken(name + " has its compressed flag set, but the response names no encoding");
  }
  Result<Bytes> plain = codec::decompress(arriving_, content.view(), kind.most);
  if (plain.ok()) return plain;
  std::string why = "decompressing " + name + ": " + std::string(plain.status().message());
  const StatusCode code = plain.status().code();
  if (code == StatusCode::ResourceExhausted) why.append(" (").append(kind.limit).append(")");
  return Status(code, why, plain.status().origin());
}

Task<Status> EdgeAttempt::read_unary(http1::ResponseStream stream) {
  Result<Bytes> body = co_await read_body(stream, message_kind(call_.max_receive_size()));
  if (!body.ok()) co_return body.status();
  co_return co_await deliver(*std::move(body), arriving_ != Compression::Identity);
}

Task<Status> EdgeAttempt::read_unary_error(http1::ResponseStream stream) {
  const int http_status = stream.info().status;
  const std::string body = co_await read_beginning(stream, kMostOfAnError);
  if (body.empty() || arriving_ == Compression::Identity) {
    co_return edge::read_unary_error(body, http_status);
  }
  const Result<Bytes> plain = codec::decompress(arriving_, body, kMostOfAnError);
  co_return edge::read_unary_error(plain.ok() ? plain->view() : std::string_view(), http_status);
}

Task<Status> EdgeAttempt::deliver(Bytes content, bool compressed) {
  if (compressed) {
    Result<Bytes> plain = inflate(std::move(content), message_kind(call_.max_receive_size()));
    if (!plain.ok()) co_return plain.status();
    content = *std::move(plain);
  }
  announce();
  Message message(std::move(content));
  message.set_arrived_compressed(compressed);
  const bool taken = co_await call_.responses().write(message);
  if (taken) co_return Status();
  co_return takes_no_more();
}

Task<Status> EdgeAttempt::read_envelopes(http1::ResponseStream stream) {
  EnvelopeReader envelopes(is_web() ? kWebEnd : kConnectEnd, message_kind(call_.max_receive_size()),
                           end_kind(setup_.max_metadata_size));
  for (;;) {
    Result<std::optional<Envelope>> next = envelopes.next();
    if (!next.ok()) co_return next.status();
    if (!*next) {
      Result<Bytes> part = co_await stream.read();
      const bool failed = end_in_head_ && !end_in_head_->ok();
      // What breaks the body now is no matter where a failure was told.
      if (!part.ok() && !failed) co_return part.status();
      if ((!part.ok() || part->empty()) && end_in_head_) co_return take_end_in_head();
      if (part->empty()) co_return no_end(envelopes.at_boundary(), is_web());
      end_in_head_.reset();
      envelopes.push(part->view());
      continue;
    }
    Envelope envelope = **std::move(next);
    if (envelope.ends_stream) {
      Status status = end_of(std::move(envelope.content), envelope.compressed);
      if (!envelopes.at_boundary()) co_return behind_the_end();
      co_return co_await briefly(read_end(stream, std::move(status)));
    }
    Status status = co_await deliver(std::move(envelope.content), envelope.compressed);
    if (!status.ok()) co_return status;
  }
}

/// There is no body: the fields of the head are trailers.
Status EdgeAttempt::take_end_in_head() {
  call_.trailers() = std::exchange(call_.response_metadata(), Metadata());
  if (end_in_head_->ok()) announce();
  return *end_in_head_;
}

Status EdgeAttempt::end_of(Bytes content, bool compressed) {
  if (compressed) {
    Result<Bytes> plain = inflate(std::move(content), end_kind(setup_.max_metadata_size));
    if (!plain.ok()) return plain.status();
    content = *std::move(plain);
  }
  const std::size_t limit = setup_.max_metadata_size;
  Status status = is_web() ? read_web_end(content.view(), call_.trailers(), limit)
                           : read_end_stream(content.view(), call_.trailers(), limit);
  // Of a call that went well without a message, the metadata are known now.
  if (status.ok()) announce();
  return status;
}

/// Runs the reading of an answer whose status is known already, for kRestOfBody at most.
Task<Status> EdgeAttempt::briefly(Task<Status> reading) {
  Context short_time(&context_);
  short_time.limit_deadline(after(call_.loop().now(), kRestOfBody));
  co_return co_await std::move(reading).in(short_time);
}

}  // namespace weft::edge
