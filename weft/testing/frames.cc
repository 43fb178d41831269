#include "weft/testing/frames.h"

#include <iterator>

namespace weft::testing {
namespace {

using http2::FrameType;

std::string_view name_of(FrameType type) noexcept {
  static constexpr std::string_view kNames[] = {
      "DATA",         "HEADERS", "PRIORITY", "RST_STREAM",    "SETTINGS",
      "PUSH_PROMISE", "PING",    "GOAWAY",   "WINDOW_UPDATE", "CONTINUATION"};
  const auto index = static_cast<std::size_t>(type);
  return index < std::size(kNames) ? kNames[index] : "UNKNOWN";
}

std::string u16(std::uint32_t value) {
  std::string out(2, '\0');
  http2::write_u16(reinterpret_cast<std::uint8_t*>(out.data()), value);
  return out;
}

std::string u32(std::uint32_t value) {
  std::string out(4, '\0');
  http2::write_u32(reinterpret_cast<std::uint8_t*>(out.data()), value);
  return out;
}

/// The number at `at`; 0 where the payload ends before it does.
std::uint32_t number(std::string_view payload, std::size_t at) noexcept {
  if (payload.size() < at + 4) return 0;
  return http2::read_u32(reinterpret_cast<const std::uint8_t*>(payload.data()) + at);
}

/// A length of RFC 7541 section 5.1 with a prefix of seven bits, then the text itself.
void put_text(std::string& out, std::string_view text) {
  constexpr std::size_t kPrefix = 127;
  if (text.size() < kPrefix) {
    out += static_cast<char>(text.size());
  } else {
    out += static_cast<char>(kPrefix);
    std::size_t rest = text.size() - kPrefix;
    for (; rest >= 128; rest /= 128) out += static_cast<char>(rest % 128 + 128);
    out += static_cast<char>(rest);
  }
  out += text;
}

std::uint8_t end_flag(EndStream end) noexcept {
  return end == EndStream::Yes ? http2::flag::kEndStream : std::uint8_t{0};
}

}  // namespace

bool Frame::end_stream() const noexcept {
  const bool has_flag = type == FrameType::Data || type == FrameType::Headers;
  return has_flag && (flags & http2::flag::kEndStream) != 0;
}

std::string_view Frame::field(std::string_view name) const noexcept {
  for (const auto& [known, value] : fields) {
    if (known == name) return value;
  }
  return {};
}

http2::ErrorCode Frame::error() const noexcept {
  return static_cast<http2::ErrorCode>(number(payload, type == FrameType::Goaway ? 4 : 0));
}

std::string Frame::to_string() const {
  std::string text(name_of(type));
  switch (type) {
    case FrameType::Settings:
    case FrameType::Ping:
      if ((flags & http2::flag::kAck) != 0) text += " ack";
      break;
    case FrameType::Goaway:
      text.append(" last=").append(std::to_string(number(payload, 0)));
      text.append(" ").append(http2::name_of(error()));
      if (payload.size() > 8) text.append(" ").append(payload.substr(8));
      break;
    default:
      text.append(" ").append(std::to_string(stream_id));
  }
  if (type == FrameType::Data) text.append(" size=").append(std::to_string(payload.size()));
  if (type == FrameType::RstStream) text.append(" ").append(http2::name_of(error()));
  if (type == FrameType::WindowUpdate) {
    text.append(" +").append(std::to_string(number(payload, 0)));
  }
  if (end_stream()) text += " end_stream";
  return text;
}

std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream_id,
                  std::string_view payload) {
  std::string out(http2::kFrameHeaderSize, '\0');
  http2::write_frame_header(reinterpret_cast<std::uint8_t*>(out.data()),
                            {.length = static_cast<std::uint32_t>(payload.size()),
                             .type = type,
                             .flags = flags,
                             .stream_id = stream_id});
  return out.append(payload);
}

std::string headers(std::uint32_t stream_id, const Fields& fields, EndStream end) {
  std::string block;
  for (const auto& [name, value] : fields) {
    block += '\0';  // a literal without indexing, its name as text (RFC 7541 section 6.2.2)
    put_text(block, name);
    put_text(block, value);
  }
  const int flags = http2::flag::kEndHeaders | end_flag(end);
  return frame(FrameType::Headers, static_cast<std::uint8_t>(flags), stream_id, block);
}

std::string data(std::uint32_t stream_id, std::string_view payload, EndStream end) {
  return frame(FrameType::Data, end_flag(end), stream_id, payload);
}

std::string settings(std::initializer_list<std::pair<http2::SettingId, std::uint32_t>> values) {
  std::string payload;
  for (const auto& [id, value] : values) {
    payload += u16(static_cast<std::uint32_t>(id)) + u32(value);
  }
  return frame(FrameType::Settings, 0, 0, payload);
}

std::string settings_ack() { return frame(FrameType::Settings, http2::flag::kAck, 0); }
std::string ping(std::string_view payload) { return frame(FrameType::Ping, 0, 0, payload); }
std::string ping_ack(std::string_view payload) {
  return frame(FrameType::Ping, http2::flag::kAck, 0, payload);
}
std::string rst_stream(std::uint32_t stream_id, http2::ErrorCode code) {
  return frame(FrameType::RstStream, 0, stream_id, u32(static_cast<std::uint32_t>(code)));
}
std::string window_update(std::uint32_t stream_id, std::uint32_t increment) {
  return frame(FrameType::WindowUpdate, 0, stream_id, u32(increment));
}
std::string goaway(std::uint32_t last_stream_id, http2::ErrorCode code, std::string_view debug) {
  return frame(FrameType::Goaway, 0, 0,
               u32(last_stream_id) + u32(static_cast<std::uint32_t>(code)).append(debug));
}
std::string client_preface() { return std::string(http2::kClientPreface) + settings(); }

std::string grpc_message(std::string_view bytes, bool compressed) {
  std::string out(1, compressed ? '\1' : '\0');
  return out.append(u32(static_cast<std::uint32_t>(bytes.size()))).append(bytes);
}

Fields grpc_request(std::string_view path, const Fields& more) {
  Fields fields = {{":method", "POST"},          {":scheme", "http"},
                   {":path", std::string(path)}, {":authority", "server"},
                   {"te", "trailers"},           {"content-type", "application/grpc"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

Fields grpc_response(const Fields& more) {
  Fields fields = {{":status", "200"}, {"content-type", "application/grpc"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

Fields grpc_trailers(int status, std::string_view message) {
  Fields fields = {{"grpc-status", std::to_string(status)}};
  if (!message.empty()) fields.emplace_back("grpc-message", message);
  return fields;
}

}  // namespace weft::testing
