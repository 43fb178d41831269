#include "weft/rpc/grpc/grpc_wire.h"

#include <array>
#include <charconv>

#include "weft/base/ascii.h"

namespace weft::rpc {

namespace {

struct TimeoutUnit {
  char letter;
  std::int64_t nanoseconds;
};
// From the finest: format_timeout() takes the first that eight digits suffice for.
constexpr std::array<TimeoutUnit, 6> kTimeoutUnits = {TimeoutUnit{'n', 1},
                                                      TimeoutUnit{'u', 1'000},
                                                      TimeoutUnit{'m', 1'000'000},
                                                      TimeoutUnit{'S', 1'000'000'000},
                                                      TimeoutUnit{'M', 60'000'000'000},
                                                      TimeoutUnit{'H', 3'600'000'000'000}};
constexpr std::size_t kTimeoutDigits = 8;
constexpr std::int64_t kLargestTimeoutValue = 99'999'999;

/// Decimal digits and nothing else; at most `max_digits` of them.
bool parse_digits(std::string_view text, std::size_t max_digits, std::int64_t& out) noexcept {
  if (text.empty() || text.size() > max_digits) return false;
  std::int64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  out = value;
  return true;
}

constexpr std::string_view kGrpcType = "application/grpc";

/// A content-type without its parameters.
std::string_view media_type(std::string_view value) noexcept {
  std::string_view type = value.substr(0, value.find(';'));
  // RFC 9110 section 5.6.6: white space may stand before the semicolon.
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return type;
}

}  // namespace

bool parse_timeout(std::string_view text, Duration& out) noexcept {
  std::int64_t value = 0;
  if (text.empty() || !parse_digits(text.substr(0, text.size() - 1), kTimeoutDigits, value)) {
    return false;
  }
  for (const TimeoutUnit& unit : kTimeoutUnits) {
    if (unit.letter != text.back()) continue;
    out = value > Duration::max().count() / unit.nanoseconds ? kForever
                                                             : Duration(value * unit.nanoseconds);
    return true;
  }
  return false;
}

std::size_t format_timeout(Duration timeout, char* out) noexcept {
  const std::int64_t count = timeout.count() < 1 ? 1 : timeout.count();
  for (const TimeoutUnit& unit : kTimeoutUnits) {
    const std::int64_t value = count / unit.nanoseconds + (count % unit.nanoseconds != 0 ? 1 : 0);
    if (value > kLargestTimeoutValue) continue;
    char* end = std::to_chars(out, out + kTimeoutDigits, value).ptr;
    *end++ = unit.letter;
    return static_cast<std::size_t>(end - out);
  }
  // Not reached: the longest duration is 2,562,048 hours.
  return 0;
}

ContentType content_type_of(std::string_view value) noexcept {
  if (value == kGrpcType) [[likely]]
    return ContentType::Protobuf;
  std::string_view type = media_type(value);
  if (!ascii::equal_without_case(type.substr(0, kGrpcType.size()), kGrpcType)) {
    return ContentType::NotGrpc;
  }
  type.remove_prefix(kGrpcType.size());
  if (type.empty() || ascii::equal_without_case(type, "+proto")) return ContentType::Protobuf;
  return type.starts_with('+') ? ContentType::OtherFormat : ContentType::NotGrpc;
}

std::string_view content_subtype(std::string_view value) noexcept {
  const std::string_view type = media_type(value);
  return type.size() <= kGrpcType.size() ? std::string_view() : type.substr(kGrpcType.size() + 1);
}

StatusCode status_of_http(int http_status) noexcept {
  switch (http_status) {
    case 400:
      return StatusCode::Internal;
    case 401:
      return StatusCode::Unauthenticated;
    case 403:
      return StatusCode::PermissionDenied;
    case 404:
      return StatusCode::Unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return StatusCode::Unavailable;
    default:
      return StatusCode::Unknown;
  }
}

StatusCode status_of_reset(http2::ErrorCode code) noexcept {
  switch (code) {
    case http2::ErrorCode::RefusedStream:
      return StatusCode::Unavailable;
    case http2::ErrorCode::Cancel:
      return StatusCode::Cancelled;
    case http2::ErrorCode::EnhanceYourCalm:
      return StatusCode::ResourceExhausted;
    case http2::ErrorCode::InadequateSecurity:
      return StatusCode::PermissionDenied;
    case http2::ErrorCode::StreamClosed:
    case http2::ErrorCode::Http11Required:
      // The page has no mapping: the stream was closed already, and gRPC needs HTTP/2.
      return StatusCode::Unknown;
    default:
      return StatusCode::Internal;
  }
}

bool parse_status(std::string_view text, StatusCode& out) noexcept {
  std::int64_t value = 0;
  if (!parse_digits(text, 2, value)) return false;
  if (value > static_cast<std::int64_t>(StatusCode::Unauthenticated)) return false;
  out = static_cast<StatusCode>(value);
  return true;
}

}  // namespace weft::rpc
