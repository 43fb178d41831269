#include <utility>

#include "weft/http2/hpack/internal/text.h"
#include "weft/http2/session/internal/session_impl.h"

namespace weft::http2 {

using internal::FrameReader;
using internal::text;

bool Session::Impl::receive_some(Bytes& input, TimePoint now, int frames) {
  if (broken_) return false;
  now_ = now;
  frames_left_ = frames;
  if (callbacks_ == 0) streams_.recycle();
  ++callbacks_;
  if (preface_done_ || receive_preface(input)) {
    while (!broken_) {
      if (reader_.take_frame(input)) [[likely]] {
        process_frame();
        if (input.empty() || --frames_left_ <= 0) break;
        continue;
      }
      const FrameReader::Event event = reader_.next(input);
      if (event == FrameReader::Event::NeedMore) break;
      process(event);
      // A header's frame goes on, perhaps without a further byte.
      if (event != FrameReader::Event::Header && --frames_left_ <= 0) break;
    }
  }
  --callbacks_;
  return !broken_;
}

/// False while the preface is not complete, and when it is none.
bool Session::Impl::receive_preface(Bytes& input) {
  std::string foreign;
  switch (preface_.read(input, foreign)) {
    case internal::PrefaceReader::Outcome::NeedMore:
      return false;
    case internal::PrefaceReader::Outcome::Foreign:
      // RFC 9113 section 3.4: "MUST treat an invalid connection preface as a connection error".
      connection_error(ErrorCode::ProtocolError, foreign, StatusCode::Unavailable);
      return false;
    case internal::PrefaceReader::Outcome::Complete:
      break;
  }
  preface_done_ = true;
  return true;
}

/// A whole frame of a known type.
void Session::Impl::process_frame() {
  if (!check_frame_header()) return;
  if (reader_.header().type != FrameType::Data) return process_payload();
  begin_data();
  if (!broken_) process_data();
}

void Session::Impl::process(FrameReader::Event event) {
  switch (event) {
    case FrameReader::Event::Header:
      if (!check_frame_header()) return;
      if (reader_.header().type == FrameType::Data) begin_data();
      // Section 5.5: "unknown or unsupported frame types MUST be ignored".
      if (reader_.header().type > FrameType::Continuation) count_empty_frame();
      return;
    case FrameReader::Event::Payload:
      return process_payload();
    case FrameReader::Event::Data:
      return process_data();
    case FrameReader::Event::BadPadding:
      // Section 6.1: "If the length of the padding is the length of the frame payload or greater,
      // the recipient MUST treat this as a connection error of type PROTOCOL_ERROR".
      return connection_error(
          // Section 4.2: without its pad length the frame lacks "mandatory frame data".
          reader_.header().length == 0 ? ErrorCode::FrameSizeError : ErrorCode::ProtocolError,
          text("a DATA frame of ", reader_.header().length, " bytes has padding of ",
               reader_.padding(), " bytes, its length byte included (RFC 9113 section 6.1)"));
    case FrameReader::Event::NeedMore:
      return;
  }
}

bool Session::Impl::check_frame_header() {
  const FrameHeader& header = reader_.header();
  const bool of_a_call = (header.type == FrameType::Data || header.type == FrameType::Headers) &&
                         header.stream_id != 0;
  if (of_a_call && settings_received_ && header.length <= local_.max_frame_size &&
      block_.stream_id() == 0) [[likely]] {
    return true;
  }
  return check_unusual(header);
}

/// As check_frame_header(), for what calls seldom consist of.
bool Session::Impl::check_unusual(const FrameHeader& header) {
  if (!settings_received_ && (header.type != FrameType::Settings || header.has(flag::kAck) ||
                              header.stream_id != 0)) [[unlikely]] {
    // Section 3.4: the preface of either side has a SETTINGS frame that "MUST be the first frame".
    std::uint8_t bytes[kFrameHeaderSize];
    write_frame_header(bytes, header);
    connection_error(
        ErrorCode::ProtocolError,
        text(internal::describe_foreign_bytes({reinterpret_cast<char*>(bytes), sizeof bytes}),
             " where a SETTINGS frame is due (RFC 9113 section 3.4)"),
        StatusCode::Unavailable);
    return false;
  }
  if (header.length > local_.max_frame_size) [[unlikely]] {
    // Section 4.2: FRAME_SIZE_ERROR "if a frame exceeds the size defined in
    // SETTINGS_MAX_FRAME_SIZE".
    connection_error(
        ErrorCode::FrameSizeError,
        text("a frame has ", header.length, " bytes, above SETTINGS_MAX_FRAME_SIZE of ",
             local_.max_frame_size, " (RFC 9113 section 4.2)"));
    return false;
  }
  const bool continues = header.type == FrameType::Continuation &&
                         header.stream_id == block_.stream_id() && block_.stream_id() != 0;
  if ((block_.stream_id() != 0 || header.type == FrameType::Continuation) && !continues)
      [[unlikely]] {
    // Section 6.10: anything else within a header block, or CONTINUATION outside of one, is a
    // connection error PROTOCOL_ERROR.
    connection_error(ErrorCode::ProtocolError,
                     text("a frame of type ", static_cast<int>(header.type), " on stream ",
                          header.stream_id, " arrived where ",
                          block_.stream_id() == 0
                              ? text("no header block is open")
                              : text("CONTINUATION on stream ", block_.stream_id(), " is due"),
                          " (RFC 9113 section 6.10)"));
    return false;
  }
  return check_length(header);
}

/// The fixed lengths and the stream identifiers that sections 6.1 to 6.10 ask for, checked before
/// the payload has arrived.
bool Session::Impl::check_length(const FrameHeader& header) {
  enum class On : std::uint8_t { Stream, Connection, Either };
  struct Rule {
    const char* name;
    On on;
    std::uint32_t least;
    std::uint32_t most;
  };
  static constexpr std::uint32_t kAny = kLargestFrameSize;
  static constexpr Rule kRules[] = {
      {"DATA", On::Stream, 0, kAny},         {"HEADERS", On::Stream, 0, kAny},
      {"PRIORITY", On::Stream, 0, kAny},  // its length is a stream error, see on_priority()
      {"RST_STREAM", On::Stream, 4, 4},      {"SETTINGS", On::Connection, 0, kAny},
      {"PUSH_PROMISE", On::Stream, 0, kAny}, {"PING", On::Connection, 8, 8},
      {"GOAWAY", On::Connection, 8, kAny},   {"WINDOW_UPDATE", On::Either, 4, 4},
      {"CONTINUATION", On::Stream, 0, kAny},
  };
  if (header.type > FrameType::Continuation) return true;
  const Rule& rule = kRules[static_cast<std::size_t>(header.type)];
  if (rule.on != On::Either && (rule.on == On::Stream) != (header.stream_id != 0)) [[unlikely]] {
    connection_error(ErrorCode::ProtocolError,
                     text("a ", rule.name, " frame arrived on stream ", header.stream_id,
                          header.stream_id == 0 ? ", it needs a stream" : ", it needs stream 0",
                          " (RFC 9113 section 6)"));
    return false;
  }
  if (header.length < rule.least || header.length > rule.most) [[unlikely]] {
    connection_error(ErrorCode::FrameSizeError,
                     text("a ", rule.name, " frame has ", header.length, " bytes, it needs ",
                          rule.least, " (RFC 9113 section 6)"));
    return false;
  }
  return true;
}

void Session::Impl::process_payload() {
  const Payload payload = reader_.payload();
  switch (reader_.header().type) {
    case FrameType::Headers:
      return on_headers_frame(payload);
    case FrameType::Priority:
      return on_priority(payload);
    case FrameType::RstStream:
      return on_rst_stream(payload);
    case FrameType::Settings:
      return on_settings_frame(payload);
    case FrameType::PushPromise:
      // Section 8.4: "A client cannot push"; and section 6.5.2: a client that announced
      // ENABLE_PUSH = 0 treats it as a connection error PROTOCOL_ERROR.
      return connection_error(ErrorCode::ProtocolError,
                              "a PUSH_PROMISE frame arrived, push is disabled (RFC 9113 section "
                              "8.4)");
    case FrameType::Ping:
      return on_ping(payload);
    case FrameType::Goaway:
      return on_goaway(payload);
    case FrameType::WindowUpdate:
      return on_window_update(payload);
    case FrameType::Continuation:
      return on_continuation(payload);
    case FrameType::Data:
      return;
  }
}

/// The header of a DATA frame: its whole length counts against the windows, padding included and
/// whatever the stream's state (section 6.9.1).
void Session::Impl::begin_data() {
  const FrameHeader& header = reader_.header();
  data_stream_ = nullptr;
  data_begun_ = false;
  if (!receive_window_.take(header.length)) [[unlikely]] {
    return connection_error(
        ErrorCode::FlowControlError,
        text("a DATA frame of ", header.length, " bytes exceeds the connection's window of ",
             receive_window_.size(), " (RFC 9113 section 6.9.1)"));
  }
  sample_bandwidth(header.length);
  credit_connection(header.length);
  Record* stream = streams_.find(header.stream_id);
  if (stream == nullptr) [[unlikely]]
    return on_closed_stream(header.stream_id, "DATA");
  if (admit_data(stream, header)) data_stream_ = stream;
}

bool Session::Impl::admit_data(Record* stream, const FrameHeader& header) {
  if (stream->peer_ended_) [[unlikely]] {
    // Section 5.1, half-closed (remote): "MUST respond with a stream error of type STREAM_CLOSED".
    stream_error(*stream, ErrorCode::StreamClosed,
                 "DATA arrived after END_STREAM (RFC 9113 section 5.1)");
    return false;
  }
  if (!stream->initial_received) [[unlikely]] {
    stream_error(*stream, ErrorCode::ProtocolError,
                 "DATA arrived before the response's HEADERS (RFC 9113 section 8.1)");
    return false;
  }
  if (!stream->receive.take(header.length)) [[unlikely]] {
    stream_error(*stream, ErrorCode::FlowControlError,
                 "DATA exceeds the stream's window (RFC 9113 section 6.9.1)");
    return false;
  }
  return true;
}

void Session::Impl::process_data() {
  const BytesView data = reader_.data();
  const bool end_stream = reader_.data_complete() && reader_.header().has(flag::kEndStream);
  if (data_stream_ == nullptr) return;
  Record& stream = *data_stream_;
  if (!std::exchange(data_begun_, true) && reader_.padding() != 0) {
    // The owner never sees padding, so its credit goes back from here.
    consumed(stream, reader_.padding());
  }
  if (stream.content_left != Record::kNoLength) [[unlikely]] {
    stream.content_left -= static_cast<std::int64_t>(data.size());
    if (stream.content_left < 0 || (end_stream && stream.content_left > 0)) {
      return stream_error(stream, ErrorCode::ProtocolError,
                          "the DATA received differs from content-length, or a response that "
                          "never has content brings some (RFC 9113 section 8.1.1)");
    }
  }
  if (data.empty() && !end_stream) return count_empty_frame();
  abuse_.useful_frame();
  stream.peer_ended_ = end_stream;
  handler_.on_data(stream, data, end_stream);
  finish_if_done(stream);
}

/// The connection's credit goes back as soon as DATA arrives, read by the owner or not, so that a
/// stream that nobody reads does not hold up the others; what is held is bounded by the streams'
/// windows.
void Session::Impl::credit_connection(std::uint32_t n) {
  if (credit_held_) [[unlikely]]
    return;
  const std::uint32_t increment = receive_window_.give_back(n, receive_window_size_);
  if (increment != 0) writer_.window_update(0, increment);
}

void Session::Impl::hold_connection_credit(bool hold) {
  if (broken_ || !std::exchange(credit_held_, hold) || hold) return;
  const std::uint32_t increment = receive_window_.give_back(kLargestWindow, receive_window_size_);
  if (increment != 0) writer_.window_update(0, increment);
}

bool Session::Impl::in_header_block() const noexcept {
  return block_.stream_id() != 0 || reader_.inside(FrameType::Headers);
}

void Session::Impl::sample_bandwidth(std::uint32_t n) {
  if (!bdp_.add(n)) return;
  writer_.ping(kBandwidthPing, false);
  bdp_.sent(now_);
}

void Session::Impl::count_empty_frame() {
  if (abuse_.allow_empty_frame()) return;
  connection_error(ErrorCode::EnhanceYourCalm,
                   text("more than ", abuse_.options().empty_frames,
                        " frames in a row carried nothing (AbuseOptions::empty_frames)"));
}

}  // namespace weft::http2
