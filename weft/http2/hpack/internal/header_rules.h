#pragma once

#include <cstdint>
#include <string_view>

#include "weft/http2/hpack/header.h"

namespace weft::http2::internal {

/// What the session needs to know of a header section that keeps the rules.
struct MessageHead {
  static constexpr std::int64_t kNoLength = -1;
  std::int64_t content_length = kNoLength;
  bool informational = false;  // a 1xx response
  bool response = false;
  bool never_content = false;  // 204 and 304 (RFC 9110 section 6.4.1)
  /// Of a request: :authority, or the first Host where there is none. A view into the fields.
  std::string_view authority;
  std::string_view scheme;
};

/// Checks a header section against RFC 9113 sections 8.2 and 8.3. Null when it is well-formed,
/// otherwise static text that names the rule: the message is malformed (section 8.1.1).
const char* check_request(HeaderFields fields, MessageHead& head) noexcept;
const char* check_response(HeaderFields fields, MessageHead& head) noexcept;
const char* check_trailers(HeaderFields fields) noexcept;
/// Of a request or response, the fields behind its pseudo-header fields.
const char* check_regulars(HeaderFields fields, MessageHead& head) noexcept;

}  // namespace weft::http2::internal
