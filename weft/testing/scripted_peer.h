#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/status.h"
#include "weft/base/time.h"
#include "weft/http2/hpack/hpack.h"
#include "weft/net/sim/sim_loop.h"
#include "weft/net/socket/stream.h"
#include "weft/testing/frames.h"

namespace weft::testing {

/// The far end of a connection, by script: sends what the script says, right or wrong, and keeps
/// what it receives, frame by frame. It stands on a host of a simulated network, so a test decides
/// when time passes: the functions that wait run the network.
///
/// Unless told otherwise it does what keeps a connection alive: acknowledges SETTINGS, answers
/// PINGs and gives credit for DATA.
class ScriptedPeer final : private net::StreamHandler {
 public:
  enum class Side : std::uint8_t { Client, Server };

  ScriptedPeer(net::SimLoop& host, std::unique_ptr<net::Stream> stream, Side side);
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;
  ~ScriptedPeer();

  /// Connects from `host` to a port of the host `to` as a client and sends the preface and
  /// SETTINGS. DidNotHappen when that fails.
  static std::unique_ptr<ScriptedPeer> connect(net::SimLoop& host, std::string_view to,
                                               std::uint16_t port);
  /// As connect(), and sends nothing.
  static std::unique_ptr<ScriptedPeer> connect_silently(net::SimLoop& host, std::string_view to,
                                                        std::uint16_t port);

  void set_answer_settings(bool answer) noexcept { answer_settings_ = answer; }
  void set_answer_pings(bool answer) noexcept { answer_pings_ = answer; }
  void set_give_credit(bool give) noexcept { give_credit_ = give; }
  /// Takes nothing off the connection any more, until told to.
  void set_reading(bool reading);

  /// Bytes of any kind; goes out as the network runs.
  void send(std::string_view bytes);
  /// Ends this side; reading goes on.
  void shutdown_write();
  /// Ends the connection; what was not sent is lost.
  void close();

  /// All frames so far.
  const std::vector<Frame>& frames() const noexcept { return frames_; }
  /// Bytes so far.
  std::size_t received() const noexcept { return received_; }
  /// The other side has closed the connection, or it has failed.
  bool ended() const noexcept { return ended_; }

  /// The next frame of that type that was not returned before, on any stream where the id is left
  /// out. Runs the network until it is there; DidNotHappen with all frames so far when it does not
  /// come within `limit` of virtual time.
  const Frame& expect(http2::FrameType type, std::uint32_t stream_id = kAnyStream,
                      Duration limit = std::chrono::minutes(1));
  /// Runs the network until the stream has ended: END_STREAM or RST_STREAM has arrived; returns
  /// that frame.
  const Frame& expect_end(std::uint32_t stream_id, Duration limit = std::chrono::minutes(1));
  /// Runs the network until the other side has closed.
  void expect_closed(Duration limit = std::chrono::minutes(1));
  /// Whether such a frame has come, without waiting.
  bool has(http2::FrameType type, std::uint32_t stream_id = kAnyStream) const noexcept;
  /// The payloads of a stream's DATA, joined.
  std::string data_of(std::uint32_t stream_id) const;
  /// The frames, one a line.
  std::string log() const;

  static constexpr std::uint32_t kAnyStream = 0xffffffff;

 private:
  void on_readable() noexcept override;
  void on_writable() noexcept override { write_out(); }
  void write_out();
  void take_bytes(std::string_view bytes);
  void take_frame(const http2::FrameHeader& header, std::string_view payload);
  void take_headers(const http2::FrameHeader& header, std::string_view payload);
  void answer(const Frame& frame);
  [[noreturn]] void give_up(const std::string& what) const;

  net::SimLoop& host_;
  std::unique_ptr<net::Stream> stream_;
  bool preface_due_;
  http2::HpackDecoder decoder_{{.table_size = 4096, .list_size = std::size_t{1} << 20}};
  std::string incoming_;
  std::string outgoing_;
  std::vector<Frame> frames_;
  std::vector<bool> returned_;  // by expect()
  std::size_t received_ = 0;
  bool block_open_ = false;  // a CONTINUATION has to follow
  bool answer_settings_ = true;
  bool answer_pings_ = true;
  bool give_credit_ = true;
  bool reading_ = true;
  bool ended_ = false;
};

/// A server by script: every connection to it is a ScriptedPeer.
class ScriptedServer {
 public:
  /// Listens on a port of `host`. `greeting` is what it sends on each connection: an HTTP/2 server
  /// begins with SETTINGS.
  ScriptedServer(net::SimLoop& host, std::uint16_t port, std::string greeting = settings());
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer();

  /// The next connection. Runs the network until it is there; DidNotHappen when it does not come.
  ScriptedPeer& accept(Duration limit = std::chrono::minutes(1));
  /// How many there were so far, including those that accept() has not returned.
  std::size_t connections() const noexcept { return peers_.size(); }
  /// Refuses connections from now on.
  void stop_listening() noexcept { listener_.reset(); }

 private:
  net::SimLoop& host_;
  std::string greeting_;
  std::vector<std::unique_ptr<ScriptedPeer>> peers_;
  std::size_t accepted_ = 0;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace weft::testing
