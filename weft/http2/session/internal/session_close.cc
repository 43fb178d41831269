#include <utility>

#include "weft/http2/hpack/internal/text.h"
#include "weft/http2/session/internal/session_impl.h"

namespace weft::http2 {

using internal::ClosedStreams;
using internal::text;

void Session::Impl::reset(Record& stream, ErrorCode code) {
  if (stream.closed) return;
  if (!broken_) writer_.rst_stream(stream.id_, code);
  close(stream, {.by = StreamEnd::By::LocalReset, .code = code});
}

void Session::Impl::stream_error(Record& stream, ErrorCode code, const char* rule) {
  writer_.rst_stream(stream.id_, code);
  close(stream, {.by = StreamEnd::By::LocalReset, .code = code, .detail = rule});
  if (!broken_) count_answer();
  if (!broken_) count_reset();
}

void Session::Impl::refuse(std::uint32_t id, ErrorCode code) {
  writer_.rst_stream(id, code);
  closed_.add(id, ClosedStreams::How::LocalReset);
  count_answer();
}

/// Peers that open and reset streams, or make us reset them, at no cost of their own.
void Session::Impl::count_reset() {
  if (broken_ || abuse_.allow_reset(now_)) return;
  connection_error(
      ErrorCode::EnhanceYourCalm,
      text("more streams were reset than ", abuse_.options().reset_burst, " and ",
           abuse_.options().resets_per_second, " a second (AbuseOptions::reset_burst)"));
}

bool Session::Impl::is_idle(std::uint32_t id) const noexcept {
  if ((id & 1) == 0) return true;  // a server's ids, which nobody uses without push
  return is_server() ? id > last_peer_id_ : id >= next_id_;
}

/// DATA or HEADERS for a stream that is not open, or any frame for one that is idle (section 5.1).
void Session::Impl::on_closed_stream(std::uint32_t id, const char* frame) {
  if (is_idle(id)) {
    // "Receiving any frame other than HEADERS or PRIORITY on a stream in this state MUST be treated
    // as a connection error of type PROTOCOL_ERROR"; section 5.1.1 says the same of an id that the
    // peer has no right to open.
    return connection_error(ErrorCode::ProtocolError,
                            text("a ", frame, " frame arrived on stream ", id,
                                 ", which is idle (RFC 9113 section "
                                 "5.1)"));
  }
  switch (closed_.find(id)) {
    case ClosedStreams::How::LocalReset:
      return;  // sent before our RST_STREAM was seen
    case ClosedStreams::How::PeerReset:
      // "... any frame other than PRIORITY after receiving a RST_STREAM MUST treat that as a stream
      // error of type STREAM_CLOSED".
      count_reset();
      if (!broken_) refuse(id, ErrorCode::StreamClosed);
      return;
    case ClosedStreams::How::Completed:
      // "... any frames after receiving a frame with the END_STREAM flag set MUST treat that as a
      // connection error of type STREAM_CLOSED".
      return connection_error(ErrorCode::StreamClosed,
                              text("a ", frame, " frame arrived on stream ", id,
                                   ", which the peer had ended (RFC 9113 section 5.1)"));
    case ClosedStreams::How::Unknown:
      // Section 5.1.1: ids that were passed over are closed, and may not be opened any more.
      return connection_error(ErrorCode::ProtocolError,
                              text("a ", frame, " frame arrived on stream ", id,
                                   ", which is closed (RFC 9113 section 5.1.1)"));
  }
}

void Session::Impl::finish_if_done(Record& stream) {
  if (stream.closed || !stream.end_sent || !stream.peer_ended_) return;
  abuse_.stream_completed();
  close(stream, {.by = StreamEnd::By::Completion});
}

void Session::Impl::close(Record& stream, const StreamEnd& end) {
  if (std::exchange(stream.closed, true)) return;
  using How = ClosedStreams::How;
  const bool silent = end.by == StreamEnd::By::LocalReset || end.by == StreamEnd::By::Connection;
  closed_.add(stream.id_, silent                                ? How::LocalReset
                          : end.by == StreamEnd::By::Completion ? How::Completed
                                                                : How::PeerReset);
  if (&stream == data_stream_) data_stream_ = nullptr;
  static_cast<ListNode&>(stream).unlink();
  forget_queue(stream);
  // Out of the table first, so that a callback that counts or opens streams sees it gone.
  streams_.remove(stream);
  ++callbacks_;
  handler_.on_stream_closed(stream, end);
  --callbacks_;
}

void Session::Impl::close_all(ErrorCode code, bool transport_gone) {
  const std::uint64_t consumed = writer_.consumed();
  for (const std::uint32_t id : streams_.ids()) {
    Record* stream = streams_.find(id);
    if (stream == nullptr) continue;
    // A request whose HEADERS never left is one that the peer cannot have begun (section 8.7).
    const bool unsent =
        transport_gone && !stream->initial_received && stream->headers_end > consumed;
    close(*stream,
          {.by = StreamEnd::By::Connection, .code = code, .unprocessed = unsent, .unsent = unsent});
  }
}

void Session::Impl::connection_error(ErrorCode code, std::string_view message, StatusCode status) {
  if (std::exchange(broken_, true)) return;
  writer_.goaway(last_processed(), code, message);
  error_ = Status(status, text("HTTP/2 connection error ", name_of(code), ": ", message),
                  Origin::Transport);
  break_off(code);
}

/// The streams of a broken connection end, at once if they are few.
void Session::Impl::break_off(ErrorCode code) {
  broken_by_ = code;
  ending_ = true;
  if (streams_.size() <= most_ended_at_once_) end_streams();
}

void Session::Impl::end_streams() {
  if (!std::exchange(ending_, false)) return;
  close_all(broken_by_, transport_gone_);
  if (!error_.ok()) handler_.on_connection_error(broken_by_, error_);
}

void Session::Impl::ping(std::uint64_t payload) {
  if (!broken_) writer_.ping(payload, false);
}

void Session::Impl::begin_drain() {
  if (broken_ || draining_) return;
  draining_ = true;
  if (is_server()) writer_.goaway(kLargestStreamId, ErrorCode::NoError, {});
}

void Session::Impl::finish_drain(ErrorCode code, std::string_view debug) {
  if (broken_ || refusing_) return;
  draining_ = refusing_ = true;
  writer_.goaway(last_processed(), code, debug);
}

void Session::Impl::abort(ErrorCode code, std::string_view debug) {
  if (std::exchange(broken_, true)) return;
  writer_.goaway(last_processed(), code, debug);
  break_off(code);
}

void Session::Impl::transport_lost() {
  if (!std::exchange(broken_, true)) ending_ = transport_gone_ = true;
  // Whether a request has left is asked when its stream ends: on a server there are none.
  if (is_server()) output().clear();
}

void Session::Impl::transport_closed() {
  if (!std::exchange(broken_, true)) ending_ = transport_gone_ = true;
  end_streams();
}

}  // namespace weft::http2
