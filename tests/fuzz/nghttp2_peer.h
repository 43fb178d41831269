#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <nghttp2/nghttp2.h>

#include "tests/fuzz/input.h"

namespace weft::fuzz {

/// The byte that stands at `position` of one direction of a stream.
inline char expected_byte(std::uint32_t id, bool from_client, std::uint64_t position) {
  return static_cast<char>(id * 31 + (from_client ? 7 : 0) + position * 13 + position / 251);
}

/// What one end of a stream has sent and received.
struct StreamCount {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  bool ended = false;     // END_STREAM was given to the sender
  bool end_seen = false;  // END_STREAM has come
  bool reset = false;     // by either side
  bool closed = false;
};

/// nghttp2 at the other end. It does what the RFC allows and nothing else, so what a Session says
/// against it is wrong; and it checks what the Session sends.
class Nghttp2Peer {
 public:
  Nghttp2Peer(Input& input, bool is_client);
  Nghttp2Peer(const Nghttp2Peer&) = delete;
  Nghttp2Peer& operator=(const Nghttp2Peer&) = delete;
  ~Nghttp2Peer();

  /// Bytes to be carried to the session.
  std::string take_output();
  void receive(std::string_view bytes);
  /// One thing that a peer may do.
  void act();
  /// Ends what it has open, so that everything can finish.
  void finish();
  const std::map<std::uint32_t, StreamCount>& streams() const noexcept { return streams_; }
  std::size_t pings_unanswered() const noexcept { return pings_; }

 private:
  struct Callbacks;
  struct Outgoing {
    std::size_t left = 0;  // bytes to be sent
    bool last = false;     // nothing comes behind them
    bool trailers = false;
    bool begun = false;
    bool deferred = false;
    bool on_wire = false;  // HEADERS have been sent
  };
  void begin();
  void send();
  void end(std::uint32_t id, bool trailers);
  void settings();
  std::uint32_t any_stream();
  void resume(std::uint32_t id);

  Input& input_;
  bool is_client_;
  nghttp2_session* session_ = nullptr;
  std::map<std::uint32_t, StreamCount> streams_;
  std::map<std::uint32_t, Outgoing> outgoing_;
  std::size_t pings_ = 0;
};

}  // namespace weft::fuzz
