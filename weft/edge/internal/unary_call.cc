#include "weft/edge/internal/unary_call.h"

#include <charconv>
#include <utility>

#include "weft/edge/answer/internal/connect_error.h"

namespace weft::edge {

Status UnaryCall::too_large(std::size_t size) const {
  return resource_exhausted("a message of at least " + std::to_string(size) +
                            " bytes is larger than the limit of " + std::to_string(limit()) +
                            " bytes (max_receive_size)");
}

MessageReader::Poll UnaryCall::receive(Message& out) {
  using Poll = MessageReader::Poll;
  if (taken_) return Poll::End;
  if (request().content) {
    if (request().content->size() > limit()) return refuse(too_large(request().content->size()));
    if (!may_read_content(request().content->size())) return Poll::Pending;
    content_.add(*request().content);
    return take_content(out);
  }
  for (;;) {
    Message part;
    const Poll polled = exchange().content().poll(part);
    if (polled == Poll::Pending) return polled;
    if (polled == Poll::End) {
      return may_read_content(content_.size()) ? take_content(out) : Poll::Pending;
    }
    const std::size_t size = content_.size() + part.size();
    if (size > limit()) return refuse(too_large(size));
    content_.add(part.bytes());
    if (!account()) return Poll::End;
  }
}

/// Little content is little work.
bool UnaryCall::may_read_content(std::size_t size) noexcept {
  constexpr std::size_t kLittle = 1024;
  return (size <= kLittle && request().compression == Compression::Identity) || may_read();
}

MessageReader::Poll UnaryCall::take_content(Message& out) {
  using Poll = MessageReader::Poll;
  // The end may be that of the connection.
  if (context().is_cancelled()) return Poll::End;
  taken_ = true;
  out = content_.take();
  // Nothing is no stream of any encoding.
  if (request().compression != Compression::Identity && out.size() != 0) {
    Result<Bytes> plain = inflate(out.bytes().view());
    if (!plain.ok()) return refuse(plain.status());
    out = Message(*std::move(plain));
    out.set_arrived_compressed(true);
  }
  return Poll::Message;
}

MessageWriter::Poll UnaryCall::send(const Message& message) {
  // A fallback's method may be of any kind.
  if (answered_) {
    context().cancel(unimplemented("the method streams: its messages are application/connect+"));
    return MessageWriter::Poll::Closed;
  }
  answer_ = message.to_bytes();
  answered_ = true;
  return account() ? MessageWriter::Poll::Accepted : MessageWriter::Poll::Closed;
}

Task<> UnaryCall::end(const Status& status) {
  const Status outcome = answerable(status, answered_);
  ResponseFields fields;
  Bytes content = outcome.ok() ? success(fields) : failure(outcome, fields);
  fields.add("content-length", std::to_string(content.size()));
  if (!has_no_answer_metadata()) {
    fields.add(response_metadata());
    fields.add(trailers(), "trailer-");
  }
  int code = request().http_status;
  // A path that nobody serves, as Connect's conformance suite has it.
  const bool unknown = request().protocol != Protocol::Rest && request().route == nullptr &&
                       !exchange().dispatcher().has_fallback();
  if (code == 0 && unknown && outcome.code() == StatusCode::Unimplemented) code = 404;
  if (code == 0) code = http_status_of(outcome.code());
  co_await write(code, fields, std::move(content));
}

std::string UnaryCall::content_type() const {
  return "application/" + std::string(request().format);
}

void UnaryCall::write_error(std::string& out, const Status& status) const {
  append_error(out, status);
}

Bytes UnaryCall::success(ResponseFields& fields) {
  fields.add("content-type", content_type());
  // What caches keep of a GET.
  if (exchange().head().method == "GET") fields.add("vary", "accept-encoding");
  const Compression compression = sent_compression();
  if (compression == Compression::Identity || answer_.empty()) return std::move(answer_);
  Result<Bytes> packed = codec::compress(compression, answer_.view());
  if (!packed.ok()) return std::move(answer_);
  fields.add("content-encoding", name_of(compression));
  return *std::move(packed);
}

Bytes UnaryCall::failure(const Status& status, ResponseFields& fields) const {
  fields.add("content-type", "application/json");
  if (status.code() == StatusCode::Unimplemented) {
    fields.add("accept-encoding", rules().accepted.names());
  }
  add_hints(request(), fields);
  std::string text;
  write_error(text, status);
  return Bytes::copy_of(text);
}

Task<> UnaryCall::write(int http_status, ResponseFields& fields, Bytes content) {
  const Status begun = begin_response(http_status, fields);
  if (!begun.ok()) co_return;
  const Message whole = Message(std::move(content)).mark_last();
  static_cast<void>(co_await exchange().response().write(whole));
}

}  // namespace weft::edge
