#include "weft/http2/frame/internal/frame_writer.h"

#include <cstring>

namespace weft::http2::internal {
namespace {

std::uint8_t* write_setting(std::uint8_t* out, SettingId id, std::uint32_t value) {
  return write_u32(write_u16(out, static_cast<std::uint32_t>(id)), value);
}

}  // namespace

void FrameWriter::preface() {
  std::memcpy(reserve(kClientPreface.size()), kClientPreface.data(), kClientPreface.size());
  commit(kClientPreface.size());
}

void FrameWriter::settings(const Settings& settings) {
  const Settings defaults;
  std::uint8_t* frame = reserve(kFrameHeaderSize + 6 * 6);
  std::uint8_t* out = frame + kFrameHeaderSize;
  const auto put = [&out](SettingId id, std::uint32_t value, std::uint32_t otherwise) {
    if (value != otherwise) out = write_setting(out, id, value);
  };
  put(SettingId::HeaderTableSize, settings.header_table_size, defaults.header_table_size);
  put(SettingId::EnablePush, settings.enable_push ? 1 : 0, 1);
  put(SettingId::MaxConcurrentStreams, settings.max_concurrent_streams,
      defaults.max_concurrent_streams);
  put(SettingId::InitialWindowSize, settings.initial_window_size, defaults.initial_window_size);
  put(SettingId::MaxFrameSize, settings.max_frame_size, defaults.max_frame_size);
  put(SettingId::MaxHeaderListSize, settings.max_header_list_size, defaults.max_header_list_size);
  const auto size = static_cast<std::size_t>(out - frame);
  write_frame_header(frame, {.length = static_cast<std::uint32_t>(size - kFrameHeaderSize),
                             .type = FrameType::Settings});
  commit(size);
}

void FrameWriter::initial_window(std::uint32_t size) {
  std::uint8_t* frame = reserve(kFrameHeaderSize + 6);
  write_setting(write_frame_header(frame, {.length = 6, .type = FrameType::Settings}),
                SettingId::InitialWindowSize, size);
  commit(kFrameHeaderSize + 6);
}

void FrameWriter::settings_ack() { header({.type = FrameType::Settings, .flags = flag::kAck}); }

void FrameWriter::ping(std::uint64_t payload, bool ack) {
  std::uint8_t* out = write_frame_header(
      reserve(kFrameHeaderSize + 8),
      {.length = 8, .type = FrameType::Ping, .flags = ack ? flag::kAck : std::uint8_t{0}});
  out = write_u32(out, static_cast<std::uint32_t>(payload >> 32));
  write_u32(out, static_cast<std::uint32_t>(payload));
  commit(kFrameHeaderSize + 8);
}

void FrameWriter::rst_stream(std::uint32_t id, ErrorCode code) {
  std::uint8_t* out = write_frame_header(
      reserve(kFrameHeaderSize + 4), {.length = 4, .type = FrameType::RstStream, .stream_id = id});
  write_u32(out, static_cast<std::uint32_t>(code));
  commit(kFrameHeaderSize + 4);
}

void FrameWriter::window_update(std::uint32_t id, std::uint32_t increment) {
  std::uint8_t* out =
      write_frame_header(reserve(kFrameHeaderSize + 4),
                         {.length = 4, .type = FrameType::WindowUpdate, .stream_id = id});
  write_u32(out, increment);
  commit(kFrameHeaderSize + 4);
}

void FrameWriter::goaway(std::uint32_t last_id, ErrorCode code, std::string_view debug) {
  debug = debug.substr(0, kLongestDebug);
  const std::size_t length = 8 + debug.size();
  std::uint8_t* out =
      write_frame_header(reserve(kFrameHeaderSize + length),
                         {.length = static_cast<std::uint32_t>(length), .type = FrameType::Goaway});
  out = write_u32(out, last_id);
  out = write_u32(out, static_cast<std::uint32_t>(code));
  if (!debug.empty()) std::memcpy(out, debug.data(), debug.size());
  commit(kFrameHeaderSize + length);
}

}  // namespace weft::http2::internal
