#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "weft/base/time.h"
#include "weft/http2/session.h"

#include "tests/fuzz/input.h"
#include "tests/fuzz/peer_frames.h"
#include "tests/fuzz/wire_model.h"

namespace weft::fuzz {

/// Runs a Session by script: the input chooses what the peer sends, how the wire cuts it, and what
/// the owner does between and within the callbacks. What SessionHandler and Session promise is
/// checked after each step, what goes over the wire by WireModel.
class SessionScript final : private http2::SessionHandler {
 public:
  SessionScript(http2::Role role, Input input);
  void run();

 private:
  /// What the owner keeps of a stream; Stream::user points here.
  struct Record {
    http2::Stream* stream = nullptr;
    std::uint32_t id = 0;
    bool initial = false;  // the peer's final header section has come
    bool answered = false;
    bool peer_ended = false;
    bool reset = false;          // we are resetting it
    std::uint64_t queued = 0;    // given to the session
    std::size_t unconsumed = 0;  // received
  };

  static http2::SessionOptions options_from(http2::Role role, Input& input);

  // The wire
  void peer_step();
  void deliver();
  void receive(std::string_view bytes);
  void take_output(std::size_t most);
  void settle();

  // The owner, who may do these things at any time
  void owner_step(Record* record);
  Record* any_record();
  void open();
  void answer(Record& record);
  void send(Record& record);
  void finish(Record& record);
  void consume(Record& record);
  void end_connection();

  void check();

  // SessionHandler
  void on_headers(http2::Stream& stream, http2::HeadersKind kind, http2::HeaderFields fields,
                  bool end_stream) override;
  void on_headers_too_large(http2::Stream& stream, http2::HeadersKind kind,
                            bool end_stream) override;
  void on_data(http2::Stream& stream, weft::BytesView data, bool end_stream) override;
  void on_drained(http2::Stream& stream) override;
  void on_stream_closed(http2::Stream& stream, const http2::StreamEnd& end) override;
  void on_settings() override;
  void on_ping_ack(std::uint64_t payload) override;
  void on_ping() override;
  void on_goaway(std::uint32_t last_stream_id, http2::ErrorCode code,
                 std::string_view debug) override;
  void on_connection_error(http2::ErrorCode code, const Status& status) override;

  Record& arrived(http2::Stream& stream, http2::HeadersKind kind, bool end_stream);
  Record& known(http2::Stream& stream);
  void within(Record* record);

  Input input_;
  http2::SessionOptions options_;
  WireModel wire_;
  PeerFrames peer_;
  std::uint32_t last_taken_ = UINT32_MAX;  // as the last GOAWAY says
  std::map<std::uint32_t, Record> open_;
  /// Closed by completion and not yet compared with the wire: what was queued.
  std::map<std::uint32_t, std::uint64_t> completed_;
  std::string pending_;  // sent by the peer and not yet received
  std::uint32_t highest_id_ = 0;
  TimePoint now_{};
  int depth_ = 0;  // of callbacks
  bool failed_ = false;
  bool over_ = false;  // the owner ended the connection
  http2::Session session_;
};

}  // namespace weft::fuzz
