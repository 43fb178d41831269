#include "weft/http2/frame/internal/frame_script.h"

#include <gtest/gtest.h>

#include "weft/http2/hpack/internal/text.h"

namespace weft::http2::script {
namespace {

std::string_view type_name(FrameType type) {
  static constexpr std::string_view kNames[] = {
      "DATA",         "HEADERS", "PRIORITY", "RST_STREAM",    "SETTINGS",
      "PUSH_PROMISE", "PING",    "GOAWAY",   "WINDOW_UPDATE", "CONTINUATION"};
  const auto index = static_cast<std::size_t>(type);
  return index < std::size(kNames) ? kNames[index] : "UNKNOWN";
}

std::string details(const FrameHeader& header, const std::uint8_t* payload) {
  using internal::text;
  const std::uint32_t least = header.type == FrameType::Goaway ? 8 : 4;
  const bool has_numbers = header.type == FrameType::RstStream ||
                           header.type == FrameType::WindowUpdate ||
                           header.type == FrameType::Goaway;
  if (has_numbers && header.length < least) {
    return text(" ", header.stream_id, " size=", header.length);
  }
  switch (header.type) {
    case FrameType::Data:
      return text(" ", header.stream_id, " size=", header.length);
    case FrameType::RstStream:
      return text(" ", header.stream_id, " ", name_of(static_cast<ErrorCode>(read_u32(payload))));
    case FrameType::WindowUpdate:
      return text(" ", header.stream_id, " +", read_u32(payload));
    case FrameType::Goaway:
      return text(" last=", read_u32(payload), " ",
                  name_of(static_cast<ErrorCode>(read_u32(payload + 4))));
    case FrameType::Settings: {
      std::string out;
      for (std::size_t i = 0; i + 6 <= header.length; i += 6) {
        out += text(" ", read_u16(payload + i), "=", read_u32(payload + i + 2));
      }
      return out;
    }
    case FrameType::Ping:
      return "";
    default:
      return text(" ", header.stream_id);
  }
}

}  // namespace

std::string take(OutputQueue& output) {
  std::string out;
  while (!output.empty()) {
    iovec slices[16];
    const std::size_t n = output.gather(slices);
    std::size_t size = 0;
    for (std::size_t i = 0; i < n; ++i) {
      out.append(static_cast<const char*>(slices[i].iov_base), slices[i].iov_len);
      size += slices[i].iov_len;
    }
    output.consume(size);
  }
  return out;
}

std::vector<std::string> describe(std::string_view bytes) {
  std::vector<std::string> lines;
  if (bytes.starts_with(kClientPreface)) {
    lines.emplace_back("PREFACE");
    bytes.remove_prefix(kClientPreface.size());
  }
  while (bytes.size() >= kFrameHeaderSize) {
    const auto* at = reinterpret_cast<const std::uint8_t*>(bytes.data());
    const FrameHeader header = read_frame_header(at);
    if (bytes.size() < kFrameHeaderSize + header.length) break;
    std::string line(type_name(header.type));
    line += details(header, at + kFrameHeaderSize);
    const bool has_end = header.type == FrameType::Data || header.type == FrameType::Headers;
    const bool has_ack = header.type == FrameType::Settings || header.type == FrameType::Ping;
    if (has_end && header.has(flag::kEndStream)) line += " end_stream";
    if (has_ack && header.has(flag::kAck)) line += " ack";
    lines.push_back(std::move(line));
    bytes.remove_prefix(kFrameHeaderSize + header.length);
  }
  if (!bytes.empty()) lines.emplace_back("(part of a frame)");
  return lines;
}

TEST(FrameScript, ReadsBackWhatItWrites) {
  const std::string bytes = client_preface() + data(3, "hello", kEnd) + window_update(0, 7) +
                            rst_stream(5, ErrorCode::Cancel) + ping() + settings_ack();
  EXPECT_EQ(describe(bytes),
            (std::vector<std::string>{"PREFACE", "SETTINGS", "DATA 3 size=5 end_stream",
                                      "WINDOW_UPDATE 0 +7", "RST_STREAM 5 CANCEL", "PING",
                                      "SETTINGS ack"}));
}

}  // namespace weft::http2::script
