#include "weft/edge/rest/stream/internal/rest_stream.h"

#include <string>
#include <string_view>
#include <utility>

#include "weft/net/loop/loop.h"

namespace weft::edge::rest {

RestStream::Heartbeat::Heartbeat(RestStream& of) noexcept
    : net::Timer([](net::Timer& timer) noexcept { static_cast<Heartbeat&>(timer).self.beat(); }),
      self(of) {}

RestStream::RestStream(rpc::HttpExchange& exchange, RestRequest& request, const Cors& cors,
                       const RestCodec& codec)
    : RestCall(exchange, request.call, cors, &codec),
      rule_(*request.rule),
      codec_(codec),
      form_(request.form),
      lines_(limit()) {
  if (!streams_out() || heartbeat(form_).empty()) return;
  wrote_ = loop().now();
  loop().arm(heartbeat_, wrote_ + kHeartbeat);
}

/// Without content there is one request, of path and query.
bool RestStream::streams_in() const noexcept {
  return streams_requests(method()->kind) && rule_.body != BoundRule::Body::None;
}

bool RestStream::streams_out() const noexcept { return streams_responses(method()->kind); }

MessageReader::Poll RestStream::receive(Message& out) {
  if (!streams_in()) return RestCall::receive(out);
  return rule_.has_raw_content() ? receive_part(out) : receive_line(out);
}

MessageReader::Poll RestStream::receive_line(Message& out) {
  using Poll = MessageReader::Poll;
  for (;;) {
    const bool has_line = lines_.has_line();
    if (const Status fits = lines_.check(); !fits.ok()) return refuse(fits);
    if (has_line) {
      if (!may_read()) return Poll::Pending;
      std::string_view line;
      lines_.next(line);
      out = Message(Bytes::copy_of(line));
      return Poll::Message;
    }
    if (input_ended_) return Poll::End;
    Message part;
    const Poll polled = take_content(part);
    if (polled == Poll::Message) {
      lines_.push(part.bytes().view());
    } else if (polled == Poll::End && !context().is_cancelled()) {
      lines_.finish();
    } else {
      return polled;
    }
    if (!account()) return Poll::End;
  }
}

MessageReader::Poll RestStream::receive_part(Message& out) {
  using Poll = MessageReader::Poll;
  if (input_ended_) return Poll::End;
  if (!may_read()) return Poll::Pending;
  const Poll polled = take_content(out);
  if (polled != Poll::Message || out.size() <= limit()) return polled;
  return refuse(resource_exhausted("a part of the content has " + std::to_string(out.size()) +
                                   " bytes; the limit is " + std::to_string(limit()) +
                                   " bytes (max_receive_size)"));
}

/// A part of the content as it comes.
MessageReader::Poll RestStream::take_content(Message& part) {
  const MessageReader::Poll polled = exchange().content().poll(part);
  if (polled == MessageReader::Poll::End) input_ended_ = true;
  return polled;
}

void RestStream::announce() noexcept {
  // The type of raw content is known with the first message.
  if (streams_out() && form_ != StreamForm::Raw) static_cast<void>(begin());
}

/// Begins the response, once. False where that is not possible.
bool RestStream::begin() {
  if (begun_) return true;
  Status status =
      check_metadata(response_metadata(), "response metadata", rules().max_metadata_size);
  if (status.ok()) {
    ResponseFields fields;
    fields.add("content-type", form_ == StreamForm::Raw ? std::string_view(codec_.response_type())
                                                        : content_type_of(form_));
    if (form_ == StreamForm::Events) {
      fields.add("cache-control", "no-cache");
      // nginx would keep events until its buffer is full.
      fields.add("x-accel-buffering", "no");
    }
    if (form_ != StreamForm::Raw) fields.add("vary", "accept");
    fields.add(response_metadata());
    status = begin_response(200, fields);
  }
  begun_ = status.ok();
  if (!begun_) context().cancel(status);
  return begun_;
}

MessageWriter::Poll RestStream::send(const Message& message) {
  using Poll = MessageWriter::Poll;
  if (!streams_out()) return RestCall::send(message);
  if (!begin()) return Poll::Closed;
  // Its head says everything; a stream without an end would keep the client for nothing.
  if (exchange().head().method == "HEAD") {
    context().cancel(weft::cancelled("the response to a HEAD has no messages"));
    return Poll::Closed;
  }
  if (const Poll polled = held_.flush(exchange().response()); polled != Poll::Accepted) {
    return polled;
  }
  const bool is_first = !std::exchange(wrote_any_, true);
  Bytes part = message.to_bytes();
  if (form_ != StreamForm::Raw) part = Bytes::copy_of(framed(form_, part.view(), is_first));
  const Poll polled = held_.offer(exchange().response(), std::move(part));
  wrote_ = loop().now();
  if (polled != Poll::Accepted) return polled;
  return account() ? polled : Poll::Closed;
}

std::size_t RestStream::content_memory() const noexcept {
  return RestCall::content_memory() + lines_.memory() + held_.memory();
}

Task<> RestStream::end(const Status& status) {
  heartbeat_.cancel();
  if (!streams_out()) {
    co_await RestCall::end(status);
    co_return;
  }
  const Status outcome = answerable(status, true);
  if (begun_ || outcome.ok()) {
    co_await finish(outcome);
  } else {
    co_await RestCall::end(outcome);
  }
}

/// Writes what ends a response, with the trailers behind it.
Task<> RestStream::finish(Status status) {
  if (!begin()) co_return;
  const bool breaks_off =
      form_ == StreamForm::Raw && !status.ok() && exchange().head().method != "HEAD";
  if (breaks_off) broke_off_by_ = status;
  std::string last(held_.take().view());
  last += stream_end(form_, status, wrote_any_);
  Message whole(Bytes::copy_of(last));
  const bool has_trailers = !std::as_const(*this).trailers().empty();
  if (!has_trailers && !breaks_off) whole.set_last();
  const bool taken = co_await exchange().response().write(whole);
  if (!taken || !has_trailers || breaks_off) co_return;
  ResponseFields fields;
  fields.add(trailers());
  static_cast<void>(exchange().end(fields.view()));
}

void RestStream::beat() noexcept {
  const TimePoint due = wrote_ + kHeartbeat;
  if (loop().now() < due) return loop().arm(heartbeat_, due);
  // What waits for room says that the client is the slow one.
  if (!begin()) return;
  if (held_.empty()) {
    static_cast<void>(exchange().response().offer(Message(Bytes::copy_of(heartbeat(form_)))));
  }
  wrote_ = loop().now();
  loop().arm(heartbeat_, wrote_ + kHeartbeat);
}

}  // namespace weft::edge::rest
