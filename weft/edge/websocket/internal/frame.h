#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Frames of the WebSocket protocol (RFC 6455 section 5.2):
///
///     0x80 the last frame of its message, 0x70 reserved, 0x0f the opcode     1 byte
///     0x80 masked, 0x7f the length, or 126 or 127: it follows                1 byte
///     the length, big-endian                                                 0, 2 or 8 bytes
///     the mask, where it is masked: what clients send always is              0 or 4 bytes
///     the payload
namespace weft::edge {

enum class Opcode : std::uint8_t {
  Continuation = 0,
  Text = 1,
  Binary = 2,
  Close = 8,
  Ping = 9,
  Pong = 10
};

/// The largest payload of Close, Ping and Pong (section 5.5).
inline constexpr std::size_t kMostControl = 125;

/// Why a WebSocket is closed (section 7.4.1, and IANA's registry).
enum class CloseCode : std::uint16_t {
  Normal = 1000,
  GoingAway = 1001,
  ProtocolError = 1002,
  Unsupported = 1003,
  NotUtf8 = 1007,
  Policy = 1008,
  TooBig = 1009,
  TryLater = 1013
};

/// What the peer did wrong, and the code that tells it.
struct Violation {
  CloseCode code = CloseCode::ProtocolError;
  std::string why;
};

/// Cuts the bytes of a client into parts of messages and control frames. It keeps at most one
/// control frame: a part of a message is as large as what came of it. Not thread-safe.
///
///     head (2 to 14 bytes) ──▶ payload ──▶ head ...
class FrameReader {
 public:
  struct Item {
    /// Text or Binary for a part of a message, else that of a whole control frame.
    Opcode opcode = Opcode::Binary;
    std::string_view payload;  ///< without its mask; valid until the next call of next()
    bool begins = false;       ///< the first part of its message
    bool ends = false;         ///< the last one
  };
  enum class Outcome : std::uint8_t { Item, NeedMore, Refused };

  /// Takes what makes up the next item off the front of `bytes`; all of them where they are not
  /// enough. After Refused it is not called again.
  Outcome next(std::string_view& bytes, Item& item);
  /// Why the last call refused the bytes.
  const Violation& violation() const noexcept { return violation_; }

 private:
  bool take_head(std::string_view& bytes);
  std::size_t head_size() const noexcept;
  bool check_head();
  bool read_length();
  bool refuse(std::string why);
  Outcome take_control(std::string_view& bytes, Item& item);
  Outcome take_data(std::string_view& bytes, Item& item);
  void unmask(std::string_view masked, char* into) noexcept;

  std::array<std::uint8_t, 14> head_{};
  std::size_t head_at_ = 0;
  bool in_payload_ = false;
  bool last_ = false;
  Opcode opcode_ = Opcode::Binary;  // of the frame; of its message where it continues one
  std::optional<Opcode> message_;   // that has begun and not ended
  bool begins_ = false;
  std::uint64_t left_ = 0;  // of the payload
  std::size_t mask_at_ = 0;
  std::string part_;
  Violation violation_;
};

/// The most bytes before the payload of a frame that a server sends.
inline constexpr std::size_t kMostFrameHead = 10;
/// Writes what stands before the payload of a whole message, or of a control frame, from a server
/// to `into`; the number of bytes.
std::size_t write_frame_head(char* into, Opcode opcode, std::size_t payload) noexcept;
/// Appends such a frame.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);
/// Appends a Close frame. Of a reason that is too long the beginning.
void append_close(std::string& out, CloseCode code, std::string_view reason);

/// What a Close frame says; its code is 1005 where it has none. Nothing where it breaks a rule
/// (section 5.5.1), which `violation` names then.
struct CloseReason {
  std::uint16_t code = 1005;
  std::string_view text;
};
std::optional<CloseReason> read_close(std::string_view payload, Violation& violation);

}  // namespace weft::edge
