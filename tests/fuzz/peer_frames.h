#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/http2/hpack/hpack.h"
#include "weft/http2/session.h"

#include "tests/fuzz/input.h"

namespace weft::fuzz {

/// A peer by script: makes frames, right and wrong ones, as the input chooses. Most are right, or
/// wrong in one thing, so that a script reaches deep states.
class PeerFrames {
 public:
  /// `session` is the role of the one that is tested; the peer is the other.
  PeerFrames(Input& input, http2::Role session) : input_(input), session_(session) {}
  PeerFrames(const PeerFrames&) = delete;
  PeerFrames& operator=(const PeerFrames&) = delete;
  virtual ~PeerFrames() = default;

  /// What the peer sends first; a server's peer sends the preface too.
  std::string greeting();
  /// One whole frame; HEADERS may be followed by their CONTINUATIONs.
  std::string next();
  /// A WINDOW_UPDATE as it should be.
  static std::string credit(std::uint32_t id, std::uint32_t increment);
  /// Bytes that need not be frames.
  std::string rubbish();
  /// Session is a client: the peer may answer on this stream.
  void may_answer(std::uint32_t id) noexcept { highest_id_ = id; }

 protected:
  // What a message consists of, as header blocks and payloads.
  virtual std::string request();
  virtual std::string response();
  virtual std::string trailers();
  virtual std::string odd_field();
  virtual std::string body();

  /// A field that no table keeps, so that it may be lost without the tables parting.
  std::string literal(std::string_view name, std::string_view value);
  /// A field as our encoder writes it, in the tables' state.
  std::string indexed(std::string_view name, std::string_view value);

  Input& input_;

 private:
  static std::string frame(std::uint32_t type, std::uint32_t flags, std::uint32_t id,
                           std::string_view payload);
  std::uint32_t any_stream();
  std::uint32_t new_stream();
  std::string settings();
  std::string setting();
  std::string headers();
  std::string data();
  std::string window_update();
  std::string goaway();
  std::string raw();
  std::string block();
  std::string padded(std::string_view payload, std::uint32_t& flags);

  http2::Role session_;
  http2::HpackEncoder encoder_;
  std::uint32_t highest_id_ = 0;
};

}  // namespace weft::fuzz
