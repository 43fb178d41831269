#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weft/http2/frame/frame.h"
#include "weft/http2/session/output.h"

/// For tests: writes frames by hand, and reads what a session wrote as lines of text.
namespace weft::http2::script {

using FieldList = std::vector<std::pair<std::string_view, std::string_view>>;

/// A frame of any kind, its length as given by the payload.
inline std::string frame(FrameType type, std::uint8_t flags, std::uint32_t id,
                         std::string_view payload = {}) {
  std::string out(kFrameHeaderSize, '\0');
  write_frame_header(reinterpret_cast<std::uint8_t*>(out.data()),
                     {.length = static_cast<std::uint32_t>(payload.size()),
                      .type = type,
                      .flags = flags,
                      .stream_id = id});
  return out.append(payload);
}

inline std::string u32(std::uint32_t value) {
  std::string out(4, '\0');
  write_u32(reinterpret_cast<std::uint8_t*>(out.data()), value);
  return out;
}
inline std::string u16(std::uint32_t value) {
  std::string out(2, '\0');
  write_u16(reinterpret_cast<std::uint8_t*>(out.data()), value);
  return out;
}

/// Literals without indexing and without Huffman (RFC 7541 section 6.2.2): no state between blocks.
inline std::string block(const FieldList& fields) {
  std::string out;
  const auto put = [&out](std::string_view text) {
    if (text.size() < 127) {
      out += static_cast<char>(text.size());
    } else {
      out += static_cast<char>(127);
      std::size_t rest = text.size() - 127;
      for (; rest >= 128; rest /= 128) out += static_cast<char>(rest % 128 + 128);
      out += static_cast<char>(rest);
    }
    out += text;
  };
  for (const auto& [name, value] : fields) {
    out += '\0';
    put(name);
    put(value);
  }
  return out;
}

inline const FieldList kRequest = {
    {":method", "POST"}, {":scheme", "http"}, {":path", "/s/M"}, {":authority", "h"}};
inline const FieldList kResponse = {{":status", "200"}};

inline constexpr std::uint8_t kEnd = flag::kEndStream;

inline std::string headers(std::uint32_t id, const FieldList& fields, std::uint8_t flags = 0) {
  return frame(FrameType::Headers, static_cast<std::uint8_t>(flags | flag::kEndHeaders), id,
               block(fields));
}
inline std::string data(std::uint32_t id, std::string_view payload, std::uint8_t flags = 0) {
  return frame(FrameType::Data, flags, id, payload);
}
inline std::string settings(
    std::initializer_list<std::pair<SettingId, std::uint32_t>> values = {}) {
  std::string payload;
  for (const auto& [id, value] : values) {
    payload += u16(static_cast<std::uint32_t>(id)) + u32(value);
  }
  return frame(FrameType::Settings, 0, 0, payload);
}
inline std::string settings_ack() { return frame(FrameType::Settings, flag::kAck, 0); }
inline std::string ping(std::string_view payload = "12345678", std::uint8_t flags = 0) {
  return frame(FrameType::Ping, flags, 0, payload);
}
inline std::string rst_stream(std::uint32_t id, ErrorCode code) {
  return frame(FrameType::RstStream, 0, id, u32(static_cast<std::uint32_t>(code)));
}
inline std::string window_update(std::uint32_t id, std::uint32_t increment) {
  return frame(FrameType::WindowUpdate, 0, id, u32(increment));
}
inline std::string goaway(std::uint32_t last_id, ErrorCode code, std::string_view debug = {}) {
  return frame(FrameType::Goaway, 0, 0,
               u32(last_id) + u32(static_cast<std::uint32_t>(code)).append(debug));
}
/// What a client sends first.
inline std::string client_preface() { return std::string(kClientPreface) + settings(); }

/// Everything in the output, taken out of it.
std::string take(OutputQueue& output);

/// One line per frame: "HEADERS 1 end_stream", "DATA 1 size=5", "RST_STREAM 1 CANCEL",
/// "WINDOW_UPDATE 0 +100", "SETTINGS 4=100", "GOAWAY last=1 NO_ERROR", "PING ack". A client preface
/// is "PREFACE".
std::vector<std::string> describe(std::string_view bytes);

}  // namespace weft::http2::script
