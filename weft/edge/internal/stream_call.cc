#include "weft/edge/internal/stream_call.h"

#include <cstring>
#include <utility>

#include "weft/edge/answer/internal/connect_error.h"
#include "weft/edge/answer/internal/envelope_flags.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge {
namespace {

/// The answer is in the mode that the client accepts, else in that of the request.
bool answers_text(const rpc::HttpHead& head, bool text_in) noexcept {
  const std::string_view accept = head.field("accept");
  if (accept.find("application/grpc-web-text") != std::string_view::npos) return true;
  if (accept.find("application/grpc-web") != std::string_view::npos) return false;
  return text_in;
}

}  // namespace

StreamCall::StreamCall(rpc::HttpExchange& exchange, CallRequest& request, const Cors& cors)
    : ServedCall(exchange, request, cors),
      web_(is_grpc_web(request.protocol)),
      text_in_(request.protocol == Protocol::GrpcWebText),
      text_out_(web_ && answers_text(exchange.head(), text_in_)),
      single_request_(method() != nullptr && !streams_requests(method()->kind)),
      single_response_(method() != nullptr && !streams_responses(method()->kind)),
      deframer_(limit()) {}

MessageReader::Poll StreamCall::receive(Message& out) {
  using Poll = MessageReader::Poll;
  for (;;) {
    if (!single_request_ && deframer_.has_message() && !may_read()) return Poll::Pending;
    rpc::Deframer::Item item;
    if (deframer_.pop(item)) {
      if (!single_request_) return deliver(std::move(item), out);
      // A method that takes one request gets it when there is no other one behind it.
      if (single_) return refuse(unimplemented("the method takes one request, and more came"));
      single_ = std::move(item);
      continue;
    }
    if (input_ended_) return end_content(out);
    const Poll polled = take_content();
    if (polled != Poll::Message) return polled;
  }
}

/// Takes a part of the content, or its end; else says why not.
MessageReader::Poll StreamCall::take_content() {
  using Poll = MessageReader::Poll;
  Message part;
  const Poll polled = exchange().content().poll(part);
  if (polled == Poll::Pending) return polled;
  if (polled == Poll::End) {
    input_ended_ = true;
    return context().is_cancelled() ? Poll::End : Poll::Message;
  }
  const Status status = push(part.bytes());
  if (!status.ok()) return refuse(status);
  return account() ? Poll::Message : Poll::End;
}

Status StreamCall::push(const Bytes& part) {
  Status status;
  if (!text_in_) {
    status = deframer_.push(part);
  } else {
    std::string bytes;
    if (!text_.push(part.view(), bytes)) return invalid_argument("the content is not base64");
    status = deframer_.push(Bytes::copy_of(bytes));
  }
  // Here it is the caller's mistake.
  return status.code() == StatusCode::Internal ? invalid_argument(status.message()) : status;
}

MessageReader::Poll StreamCall::end_content(Message& out) {
  if (!deframer_.at_boundary() || (text_in_ && !text_.at_boundary())) {
    return refuse(invalid_argument("the content ends within a message"));
  }
  if (!single_) return MessageReader::Poll::End;
  if (!may_read()) return MessageReader::Poll::Pending;
  rpc::Deframer::Item item = *std::exchange(single_, std::nullopt);
  return deliver(std::move(item), out);
}

MessageReader::Poll StreamCall::deliver(rpc::Deframer::Item item, Message& out) {
  const bool compressed = item.compressed;
  if (compressed && request().compression == Compression::Identity) {
    return refuse(
        internal_error("a message has its compressed flag set, but the request names no "
                       "encoding"));
  }
  // Nothing is no stream of any encoding.
  if (compressed && item.size() != 0) {
    Result<Bytes> plain = inflate(item.joined().view());
    if (!plain.ok()) return refuse(plain.status());
    out = Message(*std::move(plain));
  } else if (item.pieces != nullptr) {
    out = Message(std::move(*item.pieces));
  } else {
    out = Message(std::move(item.bytes));
  }
  out.set_arrived_compressed(compressed);
  return MessageReader::Poll::Message;
}

std::string StreamCall::content_type() const {
  const std::string_view kind = !web_       ? "application/connect+"
                                : text_out_ ? "application/grpc-web-text+"
                                            : "application/grpc-web+";
  return std::string(kind).append(request().format);
}

bool StreamCall::begin() {
  if (begun_) return true;
  const Status valid =
      check_metadata(response_metadata(), "response metadata", rules().max_metadata_size);
  if (!valid.ok()) {
    context().cancel(valid);
    return false;
  }
  // What waits for the end is compressed already.
  if (tail_.empty()) compression_ = sent_compression();
  ResponseFields fields;
  fields.add("content-type", content_type());
  if (compression_ != Compression::Identity) {
    fields.add(web_ ? "grpc-encoding" : "connect-content-encoding", name_of(compression_));
  }
  fields.add(response_metadata());
  const Status begun = begin_response(200, fields);
  begun_ = begun.ok();
  if (!begun_) context().cancel(begun);
  return begun_;
}

MessageWriter::Poll StreamCall::send(const Message& message) {
  using Poll = MessageWriter::Poll;
  if (!single_response_ && !begin()) return Poll::Closed;
  if (single_response_ && !begun_) compression_ = sent_compression();
  if (const Poll polled = held_.flush(exchange().response()); polled != Poll::Accepted) {
    return polled;
  }
  Bytes content = message.to_bytes();
  std::uint8_t flags = 0;
  if (compression_ != Compression::Identity && !message.uncompressed() && !content.empty()) {
    Result<Bytes> packed = codec::compress(compression_, content.view());
    if (packed.ok()) {
      content = *std::move(packed);
      flags = kCompressed;
    }
  }
  Bytes part = envelope(flags, content.view());
  if (single_response_) {
    tail_ = std::move(part);
    return account() ? Poll::Accepted : Poll::Closed;
  }
  const Poll polled = held_.offer(exchange().response(), std::move(part));
  return account() ? polled : Poll::Closed;
}

Bytes StreamCall::envelope(std::uint8_t flags, std::string_view content) const {
  ChunkRef block(Chunk::allocate(rpc::kMessagePrefix + content.size()));
  auto* const prefix = reinterpret_cast<std::uint8_t*>(block->data());
  rpc::write_message_prefix(prefix, false, static_cast<std::uint32_t>(content.size()));
  *prefix = flags;
  if (!content.empty()) {
    std::memcpy(block->data() + rpc::kMessagePrefix, content.data(), content.size());
  }
  const char* const data = block->data();
  Bytes bytes(std::move(block), data, rpc::kMessagePrefix + content.size());
  if (!text_out_) return bytes;
  std::string text;
  append_text(bytes.view(), text);
  return Bytes::copy_of(text);
}

Task<> StreamCall::end(const Status& status) {
  const Status outcome = answerable(status, begun_ || !tail_.empty() || !single_response_);
  if (request().http_status != 0) {
    co_await write_refusal(outcome);
    co_return;
  }
  if (web_ && !begun_ && !outcome.ok() && std::as_const(*this).response_metadata().empty()) {
    ResponseFields fields = end_fields(outcome);
    // What the caller may use instead (gRPC: "Compression").
    if (outcome.code() == StatusCode::Unimplemented) {
      fields.add("grpc-accept-encoding", rules().accepted.names());
    }
    // Fields are subject to no flow control.
    if (fields.size() <= rules().max_metadata_size) {
      write_head_only(fields);
      co_return;
    }
  }
  if (!begin()) co_return;
  std::string last(held_.take().view());
  if (outcome.ok()) last.append(tail_.view());
  last.append(end_envelope(outcome).view());
  const Message whole = Message(Bytes::copy_of(last)).mark_last();
  static_cast<void>(co_await exchange().response().write(whole));
}

/// A failure before anything was sent: the status is in the head, and there is no content.
void StreamCall::write_head_only(ResponseFields& fields) {
  fields.add("content-type", content_type());
  fields.add("content-length", "0");
  if (begin_response(200, fields).ok()) static_cast<void>(exchange().end());
}

/// What HTTP itself has a status for.
Task<> StreamCall::write_refusal(const Status& status) {
  ResponseFields fields;
  std::string text;
  if (web_) {
    add_status(status, fields);
  } else {
    append_error(text, status);
    fields.add("content-type", "application/json");
    add_hints(request(), fields);
  }
  fields.add("content-length", std::to_string(text.size()));
  if (!begin_response(request().http_status, fields).ok()) co_return;
  const Message whole = Message(Bytes::copy_of(text)).mark_last();
  static_cast<void>(co_await exchange().response().write(whole));
}

void StreamCall::add_status(const Status& status, ResponseFields& fields) const {
  fields.add("grpc-status", std::to_string(static_cast<int>(status.code())));
  std::string text;
  if (!status.message().empty()) {
    rpc::percent_encode(status.message(), text);
    fields.add("grpc-message", text);
  }
  if (status.details().empty()) return;
  text.clear();
  rpc::base64_encode(status.details(), text);
  fields.add("grpc-status-details-bin", text);
}

Bytes StreamCall::end_envelope(const Status& status) {
  if (!web_) {
    std::string text;
    append_end_stream(text, status, std::as_const(*this).trailers());
    return envelope(kConnectEnd, text);
  }
  return envelope(kWebEnd, end_fields(status).lines());
}

ResponseFields StreamCall::end_fields(const Status& status) {
  ResponseFields fields;
  add_status(status, fields);
  fields.add(trailers());
  return fields;
}

}  // namespace weft::edge
