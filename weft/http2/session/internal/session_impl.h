#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/intrusive_list.h"
#include "weft/http2/frame/internal/frame_reader.h"
#include "weft/http2/frame/internal/frame_writer.h"
#include "weft/http2/hpack/hpack.h"
#include "weft/http2/hpack/internal/header_block.h"
#include "weft/http2/hpack/internal/header_rules.h"
#include "weft/http2/hpack/internal/known_blocks.h"
#include "weft/http2/session/internal/abuse_limits.h"
#include "weft/http2/session/internal/bdp_estimator.h"
#include "weft/http2/session/internal/closed_streams.h"
#include "weft/http2/session/internal/flow_control.h"
#include "weft/http2/session/internal/preface.h"
#include "weft/http2/session/internal/stream_table.h"
#include "weft/http2/session/session.h"

namespace weft::http2 {

/// The protocol itself. Its functions stand in files by what they are about:
///
///   session.cc                   the preface, what the owner asks
///   internal/session_receive.cc  bytes to frames, the frame header, DATA
///   internal/session_headers.cc  header blocks, opening streams
///   internal/session_control.cc  SETTINGS, PING, GOAWAY, WINDOW_UPDATE, RST_STREAM, PRIORITY
///   internal/session_send.cc     sending headers and DATA, who is next when a window opens
///   internal/session_close.cc    how streams and the connection end
///
/// Any callback may end the stream it is about, other streams, or the whole connection: after one,
/// `stream.closed` and `broken_` are looked at again. A record outlives its closing (StreamTable).
class Session::Impl {
 public:
  using Record = internal::StreamRecord;

  Impl(const SessionOptions& options, SessionHandler& handler);

  bool receive_some(Bytes& input, TimePoint now, int frames);
  void pause() noexcept { frames_left_ = 0; }
  int frames_left() const noexcept { return frames_left_; }
  OutputQueue& output() noexcept { return writer_.output(); }
  void tidy() noexcept {
    if (callbacks_ != 0) return;
    streams_.recycle();
    decoder_.forget_fields();
    fields_ = {};
  }

  void hold() noexcept { ++callbacks_; }
  void release() noexcept { --callbacks_; }

  std::unique_ptr<HeaderMemo>* memo() noexcept {
    return known_ == nullptr ? nullptr : &known_->memo;
  }
  Session::KnownBeginning known_beginning() noexcept {
    if (beginning_ == nullptr) return {};
    return {&beginning_->memo, fields_.first(beginning_->fields.size())};
  }
  bool can_open() const noexcept;
  Stream& open_stream(HeaderFields fields, FixedBlock* fixed, HeaderFields more, bool end_stream,
                      void* user);
  void send_headers(Record& stream, HeaderFields fields, FixedBlock* fixed, bool end_stream);
  std::uint8_t* reserve_data(Record& stream, std::size_t n);
  void commit_data(Record& stream, std::size_t n, bool end_stream);
  void queue_data(Record& stream, Bytes data, bool end_stream);
  void drop_queued(Record& stream);
  void reset(Record& stream, ErrorCode code);
  void consumed(Record& stream, std::size_t n);

  void ping(std::uint64_t payload);
  void begin_drain();
  void finish_drain(ErrorCode code, std::string_view debug);
  void abort(ErrorCode code, std::string_view debug);
  void transport_lost();
  bool ending() const noexcept { return ending_; }
  void end_streams();
  void transport_closed();

  std::size_t open_streams() const noexcept { return streams_.size(); }
  std::size_t queued() const noexcept { return queued_; }
  std::size_t memory() const noexcept;
  void hold_connection_credit(bool hold);
  bool in_header_block() const noexcept;
  std::vector<Stream*> stalled_streams();
  std::uint64_t data_sent() const noexcept { return data_sent_; }
  bool draining() const noexcept { return draining_ || goaway_received_; }
  bool broken() const noexcept { return broken_; }
  const Status& error() const noexcept { return error_; }
  const Settings& peer_settings() const noexcept { return peer_; }
  bool peer_settings_received() const noexcept { return settings_received_; }
  bool settings_acknowledged() const noexcept { return settings_acked_; }
  Role role() const noexcept { return role_; }

 private:
  using Payload = std::span<const std::uint8_t>;
  static constexpr const char* kSelfDependency =
      "a stream depends on itself (RFC 7540 section 5.3.1, deprecated by RFC 9113)";
  bool is_server() const noexcept { return role_ == Role::Server; }

  // The inline ones are defined in one .cc, so that the compiler can fold each into its only
  // caller.

  // session_receive.cc
  bool receive_preface(Bytes& input);
  inline void process_frame();
  void process(internal::FrameReader::Event event);
  inline bool check_frame_header();
  bool check_unusual(const FrameHeader& header);
  bool check_length(const FrameHeader& header);
  void process_payload();
  inline void begin_data();
  inline bool admit_data(Record* stream, const FrameHeader& header);
  inline void process_data();
  inline void credit_connection(std::uint32_t n);
  inline void sample_bandwidth(std::uint32_t n);
  void count_empty_frame();

  // session_headers.cc
  void on_headers_frame(Payload payload);
  void on_continuation(Payload payload);
  void header_block_too_long();
  void process_block(std::uint32_t id, bool end_stream, bool depends_on_itself, Payload block);
  inline HpackDecoder::Outcome decode(Payload block);
  HpackDecoder::Outcome decode_further(Payload block);
  inline const char* check(internal::Section section, internal::MessageHead& head);
  const char* check_further(internal::Section section, internal::MessageHead& head);
  inline void open_peer_stream(std::uint32_t id, bool end_stream, bool too_large,
                               const char* fault);
  void deliver_section(Record& stream, bool end_stream, bool too_large);
  void deliver_response(Record& stream, bool end_stream);
  void deliver_trailers(Record& stream, bool end_stream, bool too_large);
  inline void deliver(Record& stream, HeadersKind kind, bool end_stream, bool too_large);

  // session_control.cc
  void on_settings_frame(Payload payload);
  void on_settings_ack();
  bool shift_send_windows(std::int64_t delta);
  void on_ping(Payload payload);
  void on_goaway(Payload payload);
  void on_window_update(Payload payload);
  void on_rst_stream(Payload payload);
  void on_priority(Payload payload);
  void bad_priority(std::uint32_t id, ErrorCode code, const char* rule);
  void grow_windows();
  void count_answer();
  void settings_too_often();

  // session_send.cc
  void write_headers(std::uint32_t id, HeaderFields fields, FixedBlock* fixed, HeaderFields more,
                     bool end_stream);
  inline void write_known_headers(std::uint32_t id, const FixedBlock& block, bool end_stream);
  void write_long_headers(std::uint32_t id, HeaderFields fields, bool end_stream);
  std::size_t frame_room(const Record& stream) const noexcept;
  void take_send_window(Record& stream, std::size_t n) noexcept;
  void send_now(Record& stream, Bytes& data, bool end_stream);
  void send_queued(Record& stream);
  void write_end(Record& stream);
  void wait_for_window(Record& stream);
  void forget_queue(Record& stream) noexcept;
  void flush();
  void local_end_sent(Record& stream);

  // session_close.cc
  /// A stream error (RFC 9113 section 5.4.2) on an open stream. `rule` is static text.
  void stream_error(Record& stream, ErrorCode code, const char* rule);
  /// A stream error where there is no stream (any more).
  void refuse(std::uint32_t id, ErrorCode code);
  void connection_error(ErrorCode code, std::string_view message,
                        StatusCode status = StatusCode::Internal);
  bool is_idle(std::uint32_t id) const noexcept;
  /// A frame that only an open stream may get arrived for one that is not open. True when `id` is
  /// idle or closed in a way that makes this a connection error.
  void on_closed_stream(std::uint32_t id, const char* frame);
  void finish_if_done(Record& stream);
  void close(Record& stream, const StreamEnd& end);
  void break_off(ErrorCode code);
  void close_all(ErrorCode code, bool transport_gone);
  void count_reset();
  std::uint32_t last_processed() const noexcept { return is_server() ? last_accepted_ : 0; }

  const Role role_;
  Settings local_;
  SessionHandler& handler_;
  const std::size_t most_ended_at_once_;
  internal::FrameWriter writer_;
  internal::FrameReader reader_;
  internal::PrefaceReader preface_;
  HpackEncoder encoder_;
  HpackDecoder decoder_;
  internal::KnownBlocks known_blocks_;
  // Of the block that is being delivered: it, where it is known, or what it begins with.
  internal::KnownBlock* known_ = nullptr;
  internal::KnownBlock* beginning_ = nullptr;
  HeaderFields fields_;  // of that block, known or not
  internal::HeaderBlock block_;
  internal::StreamTable streams_;
  internal::ClosedStreams closed_;
  internal::AbuseLimits abuse_;
  internal::BdpEstimator bdp_;

  Settings peer_;
  TimePoint now_{};
  bool preface_done_;
  bool settings_received_ = false;
  bool settings_acked_ = false;  // the peer knows our first SETTINGS
  std::uint32_t settings_unacked_ = 1;
  int frames_left_ = 0;  // that receive_some() still takes
  int callbacks_ = 0;    // above 0 somebody below us on the stack may look at a removed record
  bool flushing_ = false;
  bool draining_ = false;  // we sent GOAWAY, or as client open no more
  bool refusing_ = false;  // server: the second GOAWAY was sent
  bool goaway_received_ = false;
  bool broken_ = false;
  bool ending_ = false;                       // and its streams are not closed yet
  bool transport_gone_ = false;               // for these
  ErrorCode broken_by_ = ErrorCode::NoError;  // for these
  Status error_;                              // what broke it, if it was a rule

  internal::SendWindow send_window_;
  std::uint64_t data_sent_ = 0;
  std::uint64_t data_sent_at_update_ = 0;  // what that was at the last WINDOW_UPDATE
  std::size_t queued_ = 0;                 // of all streams
  std::size_t held_ = 0;                   // bytes of trailers that wait behind it
  bool credit_held_ = false;
  internal::ReceiveWindow receive_window_;
  std::uint32_t receive_window_size_;    // what receive_window_ is when nothing is due
  std::int64_t initial_receive_window_;  // of a new stream, as far as the peer may believe
  IntrusiveList<Stream> ring_;  // streams with a window and queued data: they wait for send_window_

  std::uint32_t next_id_ = 1;        // client: the next stream
  std::uint32_t last_peer_id_ = 0;   // server: the highest id seen
  std::uint32_t last_accepted_ = 0;  // server: the highest id that a Stream was made for
  std::uint32_t goaway_last_id_ = kLargestStreamId;  // of the peer's GOAWAY
  Record* data_stream_ = nullptr;     // whose DATA frame is being read; null when it is ignored
  bool data_begun_ = false;           // the frame's padding has been accounted for
  std::uint8_t* reserved_ = nullptr;  // the frame that reserve_data() began
};

}  // namespace weft::http2
