#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "weft/http2/session.h"

namespace weft::fuzz {

/// Watches both directions of a connection whose one end is a Session, and aborts when what the
/// session writes is not HTTP/2 or not an answer to what it was sent. It shares no code with the
/// session: frames are cut here, and header blocks are decoded by nghttp2.
///
/// The peer may send anything. What it sends only widens what the session may do: a frame that is
/// counted here and refused there makes the check more lenient, never wrong.
class WireModel {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  /// Is shown what the session writes on its streams.
  class Reader {
   public:
    virtual void on_section(std::uint32_t id, const Fields& fields, bool end) = 0;
    virtual void on_data(std::uint32_t id, std::string_view payload, bool end) = 0;

   protected:
    ~Reader() = default;
  };

  explicit WireModel(const http2::SessionOptions& options);
  WireModel(const WireModel&) = delete;
  WireModel& operator=(const WireModel&) = delete;
  ~WireModel();

  /// Whole frames that the session is about to receive.
  void peer_sends(std::string_view frames);
  /// As peer_sends(), behind a client's preface; rubbish when it does not begin with that.
  void peer_sends_greeting(std::string_view bytes);
  /// The peer sends bytes that are no whole frames: from here on only the form of the output
  /// counts.
  void peer_sends_rubbish() noexcept { in_step_ = false; }
  /// Bytes that were taken from the session's output, in order, cut anywhere.
  void session_wrote(std::string_view bytes);
  /// The output is empty and all that the peer sent was received: SETTINGS and PINGs are answered.
  /// To be called while the session is not broken.
  void check_answers();
  /// The output has been taken to its end and the session is broken: there is no more to come.
  void check_end();

  void set_reader(Reader& reader) noexcept { reader_ = &reader; }

  std::uint64_t data_written(std::uint32_t id) const;
  /// The session has ended its half of the stream with END_STREAM.
  bool ended(std::uint32_t id) const;
  bool violated_by_peer() const noexcept { return !in_step_; }
  /// Session is a server: GOAWAY must not exclude streams that the owner has heard of.
  void owner_heard_of(std::uint32_t id) noexcept;

 private:
  struct Stream {
    std::int64_t increments = 0;  // WINDOW_UPDATEs of the peer
    std::uint64_t data = 0;       // DATA of the session
    std::int64_t credit = 0;      // WINDOW_UPDATEs of the session
    std::int64_t received = 0;    // flow-controlled bytes of the peer
    bool headers = false;
    bool ended = false;
    bool reset = false;
    bool reset_by_peer = false;
  };
  struct Frame {
    std::uint32_t length, type, flags, id;
    std::string_view payload;
  };
  /// What one SETTINGS frame of the peer said about the header table.
  using TableSizes = std::vector<std::uint32_t>;

  bool read_frame();
  void on_frame(const Frame& frame);
  void on_headers(const Frame& frame);
  void on_continuation(const Frame& frame);
  void on_block(std::uint32_t id);
  void on_data(const Frame& frame);
  void on_rst_stream(const Frame& frame);
  void on_settings(const Frame& frame);
  void on_settings_ack();
  void on_ping(const Frame& frame);
  void on_goaway(const Frame& frame);
  void on_window_update(const Frame& frame);
  void peer_sends_frame(const Frame& frame);
  void peer_settings(const Frame& frame);
  bool is_client() const noexcept { return options_.role == http2::Role::Client; }
  /// A stream that the session may write on at all.
  Stream& known(std::uint32_t id);

  http2::SessionOptions options_;
  nghttp2_hd_inflater* inflater_ = nullptr;
  Reader* reader_ = nullptr;
  std::string output_;
  std::map<std::uint32_t, Stream> streams_;
  bool in_step_ = true;
  bool preface_seen_ = false;
  bool settings_seen_ = false;
  bool final_goaway_ = false;

  // What the peer has said.
  std::uint32_t highest_peer_id_ = 0;
  // Of INITIAL_WINDOW_SIZE and MAX_FRAME_SIZE the last value, and the largest since
  // check_answers().
  std::uint32_t window_ = 65535;
  std::uint32_t loosest_window_ = 65535;
  std::uint32_t frame_ = 16384;
  std::uint32_t loosest_frame_ = 16384;
  std::int64_t increments_ = 0;
  std::int64_t received_ = 0;
  std::deque<TableSizes> unanswered_settings_;
  std::deque<std::string> unanswered_pings_;
  std::vector<std::uint32_t> resets_;  // since check_answers()

  // What the session has said.
  std::uint32_t last_opened_ = 0;
  std::uint32_t goaway_id_ = 0x7fffffff;
  std::uint32_t heard_of_ = 0;
  std::int64_t announced_window_ = 65535;
  std::int64_t credit_ = 0;
  std::uint64_t data_ = 0;
  std::uint32_t block_id_ = 0;
  std::string block_;
};

}  // namespace weft::fuzz
