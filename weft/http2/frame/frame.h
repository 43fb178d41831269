#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft::http2 {

/// RFC 9113 section 6.
enum class FrameType : std::uint8_t {
  Data = 0,
  Headers = 1,
  Priority = 2,
  RstStream = 3,
  Settings = 4,
  PushPromise = 5,
  Ping = 6,
  Goaway = 7,
  WindowUpdate = 8,
  Continuation = 9,
};

namespace flag {
inline constexpr std::uint8_t kEndStream = 0x1;
inline constexpr std::uint8_t kAck = 0x1;
inline constexpr std::uint8_t kEndHeaders = 0x4;
inline constexpr std::uint8_t kPadded = 0x8;
inline constexpr std::uint8_t kPriority = 0x20;
}  // namespace flag

/// RFC 9113 section 7.
enum class ErrorCode : std::uint32_t {
  NoError = 0x0,
  ProtocolError = 0x1,
  InternalError = 0x2,
  FlowControlError = 0x3,
  SettingsTimeout = 0x4,
  StreamClosed = 0x5,
  FrameSizeError = 0x6,
  RefusedStream = 0x7,
  Cancel = 0x8,
  CompressionError = 0x9,
  ConnectError = 0xa,
  EnhanceYourCalm = 0xb,
  InadequateSecurity = 0xc,
  Http11Required = 0xd,
};

/// "FLOW_CONTROL_ERROR", or "UNKNOWN" for a code that RFC 9113 does not list.
std::string_view name_of(ErrorCode code) noexcept;

/// RFC 9113 section 6.5.2.
enum class SettingId : std::uint16_t {
  HeaderTableSize = 1,
  EnablePush = 2,
  MaxConcurrentStreams = 3,
  InitialWindowSize = 4,
  MaxFrameSize = 5,
  MaxHeaderListSize = 6,
};

inline constexpr std::size_t kFrameHeaderSize = 9;
inline constexpr std::uint32_t kDefaultFrameSize = 16384;
inline constexpr std::uint32_t kLargestFrameSize = (1U << 24) - 1;
inline constexpr std::uint32_t kDefaultWindow = 65535;
inline constexpr std::uint32_t kLargestWindow = 0x7fffffff;
inline constexpr std::uint32_t kLargestStreamId = 0x7fffffff;
inline constexpr std::string_view kClientPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The nine bytes before every frame (RFC 9113 section 4.1).
///
///   length(24) | type(8) | flags(8) | reserved(1) stream id(31), all big-endian
struct FrameHeader {
  std::uint32_t length = 0;
  FrameType type = FrameType::Data;
  std::uint8_t flags = 0;
  std::uint32_t stream_id = 0;

  bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
};

inline std::uint32_t read_u16(const std::uint8_t* in) noexcept {
  return static_cast<std::uint32_t>(in[0] << 8 | in[1]);
}
inline std::uint32_t read_u32(const std::uint8_t* in) noexcept {
  return static_cast<std::uint32_t>(in[0]) << 24 | static_cast<std::uint32_t>(in[1]) << 16 |
         static_cast<std::uint32_t>(in[2]) << 8 | static_cast<std::uint32_t>(in[3]);
}
inline std::uint8_t* write_u16(std::uint8_t* out, std::uint32_t value) noexcept {
  out[0] = static_cast<std::uint8_t>(value >> 8);
  out[1] = static_cast<std::uint8_t>(value);
  return out + 2;
}
inline std::uint8_t* write_u32(std::uint8_t* out, std::uint32_t value) noexcept {
  out[0] = static_cast<std::uint8_t>(value >> 24);
  out[1] = static_cast<std::uint8_t>(value >> 16);
  out[2] = static_cast<std::uint8_t>(value >> 8);
  out[3] = static_cast<std::uint8_t>(value);
  return out + 4;
}

inline FrameHeader read_frame_header(const std::uint8_t* in) noexcept {
  return {.length = static_cast<std::uint32_t>(in[0]) << 16 | read_u16(in + 1),
          .type = static_cast<FrameType>(in[3]),
          .flags = in[4],
          .stream_id = read_u32(in + 5) & kLargestStreamId};
}
inline std::uint8_t* write_frame_header(std::uint8_t* out, const FrameHeader& header) noexcept {
  out[0] = static_cast<std::uint8_t>(header.length >> 16);
  write_u16(out + 1, header.length);
  out[3] = static_cast<std::uint8_t>(header.type);
  out[4] = header.flags;
  return write_u32(out + 5, header.stream_id);
}

/// What one side has announced with SETTINGS; the defaults are the RFC's.
struct Settings {
  std::uint32_t header_table_size = 4096;
  bool enable_push = true;
  std::uint32_t max_concurrent_streams = 0xffffffff;
  std::uint32_t initial_window_size = kDefaultWindow;
  std::uint32_t max_frame_size = kDefaultFrameSize;
  std::uint32_t max_header_list_size = 0xffffffff;
};

}  // namespace weft::http2
