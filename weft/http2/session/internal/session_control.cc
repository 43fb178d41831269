#include <utility>

#include "weft/http2/hpack/internal/text.h"
#include "weft/http2/session/internal/session_impl.h"
#include "weft/http2/session/internal/settings.h"

namespace weft::http2 {

using internal::text;

void Session::Impl::on_settings_frame(Payload payload) {
  const bool ack = reader_.header().has(flag::kAck);
  // Section 6.5: an ACK with a payload, or a payload that is no multiple of 6 bytes, is a
  // connection error FRAME_SIZE_ERROR.
  if (ack ? !payload.empty() : payload.size() % 6 != 0) {
    return connection_error(
        ErrorCode::FrameSizeError,
        text("a SETTINGS frame has ", payload.size(), " bytes, it needs ",
             ack ? "none as it is an ACK" : "a multiple of 6", " (RFC 9113 section 6.5)"));
  }
  if (ack) return on_settings_ack();
  if (!abuse_.allow_settings(now_)) return settings_too_often();
  const std::uint32_t window = peer_.initial_window_size;
  internal::SettingsFault fault = internal::apply_settings(payload, !is_server(), peer_, encoder_);
  if (!fault.ok()) return connection_error(fault.code, std::move(fault.message));
  settings_received_ = true;
  if (peer_.initial_window_size != window &&
      !shift_send_windows(std::int64_t{peer_.initial_window_size} - std::int64_t{window})) {
    return;
  }
  // Section 6.5.3: all values are applied before the ACK is sent.
  writer_.settings_ack();
  count_answer();
  if (broken_) return;
  handler_.on_settings();
  flush();
}

/// Our first SETTINGS are in force: what the peer sends from here on goes by our initial window.
void Session::Impl::on_settings_ack() {
  // An ACK of nothing has no effect, as no section calls it an error; it costs the peer nothing.
  if (settings_unacked_ == 0) return count_empty_frame();
  --settings_unacked_;
  if (std::exchange(settings_acked_, true)) return;
  decoder_.set_max_table_size(local_.header_table_size);
  // The next block may have to begin with a table size update, which the known ones do not.
  known_ = beginning_ = nullptr;
  known_blocks_.forget();
  if (local_.initial_window_size >= kDefaultWindow) return;
  const std::int64_t delta = std::int64_t{local_.initial_window_size} - initial_receive_window_;
  initial_receive_window_ += delta;
  streams_.for_each([delta](Record& stream) { stream.receive.shift(delta); });
}

/// Section 6.9.2: a change of SETTINGS_INITIAL_WINDOW_SIZE applies to the streams that are open,
/// and an overflow is a connection error FLOW_CONTROL_ERROR. False when there was one.
bool Session::Impl::shift_send_windows(std::int64_t delta) {
  bool fits = true;
  streams_.for_each([&](Record& stream) {
    if (!stream.send.shift(delta)) fits = false;
    wait_for_window(stream);
  });
  if (fits) return true;
  connection_error(
      ErrorCode::FlowControlError,
      text("SETTINGS_INITIAL_WINDOW_SIZE of ", peer_.initial_window_size,
           " takes a stream's window above ", kLargestWindow, " (RFC 9113 section 6.9.2)"));
  return false;
}

void Session::Impl::on_ping(Payload payload) {
  const std::uint64_t value =
      std::uint64_t{read_u32(payload.data())} << 32 | read_u32(payload.data() + 4);
  if (!reader_.header().has(flag::kAck)) {
    writer_.ping(value, true);
    count_answer();
    if (!broken_) handler_.on_ping();
    return;
  }
  if (value != kBandwidthPing) return handler_.on_ping_ack(value);
  if (bdp_.awaits_ack() && bdp_.acked(now_)) grow_windows();
}

/// The estimate of the bandwidth-delay product has grown beyond what the windows were.
void Session::Impl::grow_windows() {
  const std::uint32_t estimate = bdp_.estimate();
  if (estimate > local_.initial_window_size) {
    // In force at once and not with the ACK: until then the peer sends less than it may.
    const std::int64_t delta =
        std::int64_t{estimate} -
        std::max<std::int64_t>(initial_receive_window_, local_.initial_window_size);
    local_.initial_window_size = estimate;
    if (delta > 0) {
      initial_receive_window_ += delta;
      streams_.for_each([delta](Record& stream) { stream.receive.shift(delta); });
    }
    writer_.initial_window(estimate);
    ++settings_unacked_;
  }
  if (estimate > receive_window_size_) {
    const std::uint32_t increment = estimate - receive_window_size_;
    receive_window_size_ = estimate;
    receive_window_.shift(increment);
    writer_.window_update(0, increment);
  }
}

void Session::Impl::on_goaway(Payload payload) {
  const std::uint32_t last_id = read_u32(payload.data()) & kLargestStreamId;
  const auto code = static_cast<ErrorCode>(read_u32(payload.data() + 4));
  if (last_id > goaway_last_id_) {
    // Section 6.8: "Endpoints MUST NOT increase the value they send in the last stream identifier".
    return connection_error(
        ErrorCode::ProtocolError,
        text("GOAWAY has the last stream id ", last_id, ", above the earlier one of ",
             goaway_last_id_, " (RFC 9113 section 6.8)"));
  }
  goaway_received_ = true;
  goaway_last_id_ = last_id;
  // First, so that whoever is told of a stream's end can say what the peer said.
  const Payload debug = payload.subspan(8);
  handler_.on_goaway(last_id, code, {reinterpret_cast<const char*>(debug.data()), debug.size()});
  if (broken_ || is_server()) return;
  for (const std::uint32_t id : streams_.ids()) {
    Record* stream = id > last_id ? streams_.find(id) : nullptr;
    if (stream == nullptr) continue;
    close(*stream, {.by = StreamEnd::By::Connection, .code = code, .unprocessed = true});
  }
}

void Session::Impl::on_window_update(Payload payload) {
  const std::uint32_t id = reader_.header().stream_id;
  const std::uint32_t increment = read_u32(payload.data()) & kLargestWindow;
  Record* stream = id == 0 ? nullptr : streams_.find(id);
  if (id != 0 && stream == nullptr) {
    // Section 5.1: an idle stream gets no WINDOW_UPDATE; a closed one may for a while.
    if (is_idle(id)) return on_closed_stream(id, "WINDOW_UPDATE");
    return count_empty_frame();
  }
  if (increment == 0) {
    // Section 6.9: "an increment of 0 MUST be treated as a stream error of type PROTOCOL_ERROR", on
    // the connection's window as a connection error.
    static constexpr const char* kRule =
        "WINDOW_UPDATE has an increment of 0 (RFC 9113 section 6.9)";
    if (stream != nullptr) return stream_error(*stream, ErrorCode::ProtocolError, kRule);
    return connection_error(ErrorCode::ProtocolError, kRule);
  }
  internal::SendWindow& window = stream == nullptr ? send_window_ : stream->send;
  if (!window.shift(increment)) {
    // Section 6.9.1: a window above 2^31-1 is a FLOW_CONTROL_ERROR of the stream or connection.
    if (stream != nullptr) {
      return stream_error(*stream, ErrorCode::FlowControlError,
                          "WINDOW_UPDATE takes the window above 2147483647 (RFC 9113 section "
                          "6.9.1)");
    }
    return connection_error(
        ErrorCode::FlowControlError,
        text("WINDOW_UPDATE of ", increment, " takes the connection's window above ",
             kLargestWindow, " (RFC 9113 section 6.9.1)"));
  }
  // A few for each DATA frame are usual; what comes where nothing is sent is of no use.
  if (std::exchange(data_sent_at_update_, data_sent_) != data_sent_) {
    abuse_.useful_frame();
  } else {
    count_empty_frame();
    if (broken_) return;
  }
  if (stream != nullptr) wait_for_window(*stream);
  flush();
}

void Session::Impl::on_rst_stream(Payload payload) {
  const std::uint32_t id = reader_.header().stream_id;
  const auto code = static_cast<ErrorCode>(read_u32(payload.data()));
  Record* stream = streams_.find(id);
  if (stream == nullptr) {
    // Section 6.4: RST_STREAM on an idle stream is a connection error PROTOCOL_ERROR.
    if (is_idle(id)) return on_closed_stream(id, "RST_STREAM");
    return count_empty_frame();
  }
  close(*stream, {.by = StreamEnd::By::PeerReset,
                  .code = code,
                  .unprocessed = code == ErrorCode::RefusedStream});
  if (is_server()) count_reset();
}

/// Section 5.3.2 deprecates priority: the frame is checked and otherwise ignored.
void Session::Impl::on_priority(Payload payload) {
  const std::uint32_t id = reader_.header().stream_id;
  if (payload.size() != 5) {
    // Section 6.3: "a length other than 5 octets MUST be treated as a stream error".
    return bad_priority(id, ErrorCode::FrameSizeError,
                        "a PRIORITY frame does not have 5 bytes (RFC 9113 section 6.3)");
  }
  if ((read_u32(payload.data()) & kLargestStreamId) == id) {
    return bad_priority(id, ErrorCode::ProtocolError, kSelfDependency);
  }
  count_empty_frame();
}

void Session::Impl::settings_too_often() {
  connection_error(
      ErrorCode::EnhanceYourCalm,
      text("more SETTINGS frames arrived than ", abuse_.options().settings_burst, " and ",
           abuse_.options().settings_per_second, " a second (AbuseOptions::settings_burst)"));
}

void Session::Impl::bad_priority(std::uint32_t id, ErrorCode code, const char* rule) {
  if (Record* stream = streams_.find(id)) return stream_error(*stream, code, rule);
  // An idle stream cannot be reset, so the connection's error it is.
  if (is_idle(id)) return connection_error(code, rule);
  if (closed_.find(id) == internal::ClosedStreams::How::LocalReset) return count_empty_frame();
  // PRIORITY is the one frame that a closed stream may get, so its error is told there too.
  count_reset();
  if (!broken_) refuse(id, code);
}

void Session::Impl::count_answer() {
  if (abuse_.allow_answer(writer_.written(), writer_.consumed())) return;
  connection_error(ErrorCode::EnhanceYourCalm,
                   text("more than ", abuse_.options().unread_answers,
                        " answers to PING, SETTINGS or bad frames wait unread "
                        "(AbuseOptions::unread_answers)"));
}

}  // namespace weft::http2
