#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/http2/hpack/hpack.h"
#include "weft/testing/frames.h"

namespace weft::conformance {

/// A blocking TCP connection that sends any bytes and keeps the frames that come back. It does
/// nothing by itself: no SETTINGS, no ACK, no credit.
class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port);
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;
  ~RawConnection();

  /// The other side may have closed already: then the bytes are dropped.
  void send(std::string_view bytes);
  /// Reads until `done` says so or the connection has ended. False when neither comes in time.
  bool read_until(const std::function<bool()>& done);
  /// Reads until the other side has closed.
  bool read_to_the_end();
  /// Reads until the stream has ended: END_STREAM or RST_STREAM has arrived.
  bool read_stream(std::uint32_t id);
  /// Sends a PING and reads up to its answer: what the bytes before it caused is then here.
  bool settle();

  bool closed() const noexcept { return closed_; }
  const std::vector<testing::Frame>& frames() const noexcept { return frames_; }
  std::size_t count(http2::FrameType type, std::uint32_t stream_id) const noexcept;
  /// The first and the last frame of a type; null where there is none.
  const testing::Frame* first(http2::FrameType type, std::uint32_t stream_id) const noexcept;
  const testing::Frame* last(http2::FrameType type, std::uint32_t stream_id) const noexcept;
  /// SETTINGS frames that acknowledge ours.
  std::size_t settings_acks() const noexcept;
  /// Bytes of DATA on a stream.
  std::size_t data_size(std::uint32_t stream_id) const noexcept;
  bool stream_ended(std::uint32_t id) const noexcept;
  /// The frames, one a line.
  std::string log() const;

 private:
  static constexpr std::chrono::seconds kPatience{10};

  /// False when nothing came in time.
  bool read_some(std::chrono::steady_clock::time_point deadline);
  void take_frames();
  void take_frame(const http2::FrameHeader& header, std::string_view payload);

  int socket_ = -1;
  bool closed_ = false;
  std::string incoming_;
  http2::HpackDecoder decoder_{{.table_size = 4096, .list_size = std::size_t{1} << 20}};
  std::vector<testing::Frame> frames_;
  std::uint64_t pings_ = 0;
};

}  // namespace weft::conformance
