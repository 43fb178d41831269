#include "weft/http2/session/internal/settings.h"

#include "weft/http2/hpack/internal/text.h"

namespace weft::http2::internal {
namespace {

SettingsFault apply_push(std::uint32_t value, bool from_server, Settings& settings) {
  // Section 6.5.2: "Any value other than 0 or 1 MUST be treated as a connection error"; a server
  // "MUST NOT explicitly set this value to 1".
  const std::uint32_t limit = from_server ? 0 : 1;
  if (value > limit) {
    return {ErrorCode::ProtocolError, text("SETTINGS_ENABLE_PUSH is ", value, ", at most ", limit,
                                           " is allowed (RFC 9113 section 6.5.2)")};
  }
  settings.enable_push = value == 1;
  return {};
}

SettingsFault apply_initial_window(std::uint32_t value, Settings& settings) {
  // Section 6.5.2: values above 2^31-1 are a connection error FLOW_CONTROL_ERROR.
  if (value > kLargestWindow) {
    return {ErrorCode::FlowControlError,
            text("SETTINGS_INITIAL_WINDOW_SIZE is ", value, ", above the limit of ", kLargestWindow,
                 " (RFC 9113 section 6.5.2)")};
  }
  settings.initial_window_size = value;
  return {};
}

SettingsFault apply_frame_size(std::uint32_t value, Settings& settings) {
  // Section 6.5.2: "Values outside this range MUST be treated as a connection error".
  if (value < kDefaultFrameSize || value > kLargestFrameSize) {
    return {ErrorCode::ProtocolError,
            text("SETTINGS_MAX_FRAME_SIZE is ", value, ", outside of ", kDefaultFrameSize, " to ",
                 kLargestFrameSize, " (RFC 9113 section 6.5.2)")};
  }
  settings.max_frame_size = value;
  return {};
}

SettingsFault apply_one(SettingId id, std::uint32_t value, bool from_server, Settings& settings) {
  switch (id) {
    case SettingId::HeaderTableSize:
      settings.header_table_size = value;
      return {};
    case SettingId::EnablePush:
      return apply_push(value, from_server, settings);
    case SettingId::MaxConcurrentStreams:
      settings.max_concurrent_streams = value;
      return {};
    case SettingId::InitialWindowSize:
      return apply_initial_window(value, settings);
    case SettingId::MaxFrameSize:
      return apply_frame_size(value, settings);
    case SettingId::MaxHeaderListSize:
      settings.max_header_list_size = value;
      return {};
  }
  return {};  // section 6.5.2: an unknown setting is ignored
}

}  // namespace

SettingsFault apply_settings(std::span<const std::uint8_t> payload, bool from_server,
                             Settings& settings, HpackEncoder& encoder) {
  for (std::size_t i = 0; i + 6 <= payload.size(); i += 6) {
    const std::uint8_t* entry = payload.data() + i;
    SettingsFault fault = apply_one(static_cast<SettingId>(read_u16(entry)), read_u32(entry + 2),
                                    from_server, settings);
    if (!fault.ok()) return fault;
    encoder.set_max_table_size(settings.header_table_size);
  }
  return {};
}

}  // namespace weft::http2::internal
