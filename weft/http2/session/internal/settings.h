#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "weft/http2/frame/frame.h"
#include "weft/http2/hpack/hpack.h"

namespace weft::http2::internal {

struct SettingsFault {
  ErrorCode code = ErrorCode::NoError;
  std::string message;
  bool ok() const noexcept { return code == ErrorCode::NoError; }
};

/// Checks the payload of a peer's SETTINGS frame and enters it into `settings`, in order, unknown
/// ones skipped (RFC 9113 section 6.5). `from_server` forbids ENABLE_PUSH = 1. The frame may set
/// HEADER_TABLE_SIZE more than once; `encoder` is told of each, as the smallest has to be signalled
/// (RFC 7541 section 4.2).
SettingsFault apply_settings(std::span<const std::uint8_t> payload, bool from_server,
                             Settings& settings, HpackEncoder& encoder);

}  // namespace weft::http2::internal
