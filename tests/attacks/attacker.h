#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/time.h"
#include "weft/codec/compression.h"
#include "weft/http2/hpack/hpack.h"
#include "weft/testing/frames.h"

/// The far end of an attack, on a real socket.
namespace weft::attacks {

using testing::EndStream;
using testing::Fields;
using testing::Frame;

/// A connection that sends any bytes and keeps every frame that comes back. It answers nothing by
/// itself, gives no credit, and reads only where it is told to. Everything is blocking, and ends in
/// time.
class Attacker {
 public:
  enum class Hello : std::uint8_t { Preface, Nothing };
  enum class Reading : std::uint8_t { Yes, No };
  /// How sending ended: all was taken, nothing more was for a while, or the connection is gone.
  enum class Sent : std::uint8_t { All, Stalled, Closed };

  /// Connects to 127.0.0.1 and sends the preface and SETTINGS.
  explicit Attacker(std::uint16_t port, Hello hello = Hello::Preface);
  /// Takes over a connected socket, as the side that a server is. Sends nothing.
  static Attacker of_socket(int fd) { return Attacker(fd); }
  Attacker(Attacker&& other) noexcept;
  Attacker& operator=(Attacker&&) = delete;
  ~Attacker();

  /// Sends all of it, reading meanwhile unless told not to.
  Sent send(std::string_view bytes, Reading reading = Reading::Yes);
  /// Sends `unit` again and again, up to `times`; returns how many had gone when that ended.
  std::size_t flood(std::string_view unit, std::size_t times, Reading reading = Reading::Yes);

  /// Takes what has come, waiting up to `limit` for something. False at the end.
  bool read(Duration limit = std::chrono::seconds(10));
  /// Reads until such a frame is there, and returns it: one that was not returned before, on any
  /// stream where the id is left out. Null when the end or `limit` comes first.
  const Frame* find(http2::FrameType type, std::uint32_t stream_id = kAnyStream,
                    Duration limit = std::chrono::seconds(20));
  /// Reads until the server has closed; false when it has not within `limit`.
  bool wait_closed(Duration limit = std::chrono::seconds(20));
  /// Sends a PING and reads until its answer: then the server has dealt with all before it. False
  /// when the connection ends first.
  bool round_trip();

  /// The last GOAWAY; null where there was none. After wait_closed().
  const Frame* goaway() const noexcept;
  /// What it says: "ENHANCE_YOUR_CALM more than ...", empty where there is none.
  std::string last_words() const;
  bool closed() const noexcept { return closed_; }
  std::size_t count(http2::FrameType type) const noexcept;
  std::size_t received() const noexcept { return received_; }
  /// The frames, one a line.
  std::string log() const;
  void close();

  static constexpr std::uint32_t kAnyStream = 0xffffffff;

 private:
  explicit Attacker(int fd);
  bool wait(short events, Duration limit, short& ready);
  void take_available();
  void take_bytes(std::string_view bytes);
  void take_frame(const http2::FrameHeader& header, std::string_view payload);

  int fd_ = -1;
  bool closed_ = false;
  std::string incoming_;
  std::vector<Frame> frames_;
  std::vector<bool> returned_;
  std::size_t received_ = 0;
  std::unique_ptr<http2::HpackDecoder> decoder_;
};

// Bytes that the builders of weft/testing/frames.h do not make.

/// `text` `times` times.
std::string repeat(std::string_view text, std::size_t times);
std::string hex(std::string_view digits);
std::string priority(std::uint32_t stream_id, std::uint32_t dependency = 0);
std::string continuation(std::uint32_t stream_id, std::string_view fragment, bool end_headers);
/// HEADERS whose block goes on in CONTINUATION.
std::string open_headers(std::uint32_t stream_id, std::string_view fragment,
                         EndStream end = EndStream::No);
/// HEADERS of a block made by hand.
std::string raw_headers(std::uint32_t stream_id, std::string_view block,
                        EndStream end = EndStream::No);
/// A header block: fields as literals that no table keeps, or that enter the table.
std::string block_of(const Fields& fields, bool indexed = false);
/// A whole unary call of /test.Kinds/Unary.
std::string call(std::uint32_t stream_id, std::string_view message = {});
/// Its HEADERS only.
std::string open_call(std::uint32_t stream_id, std::string_view path = "/test.Kinds/Unary");
/// Field `number` of a protobuf message, with this text: 1 is the value of a BytesValue, the
/// service of a health check, the host of a question to reflection.
std::string text_field(int number, std::string_view text);
/// A message of that encoding in gRPC's framing.
std::string compressed(std::string_view message, Compression encoding);
/// HEADERS of a call whose messages have that encoding.
std::string open_compressed(std::uint32_t stream_id, std::string_view path, Compression encoding);

}  // namespace weft::attacks
