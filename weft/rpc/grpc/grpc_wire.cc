#include "weft/rpc/grpc/grpc_wire.h"

#include <charconv>

#include "weft/base/text/ascii.h"

namespace weft::rpc {

namespace {

constexpr std::int64_t kMinute = 60'000'000'000;
constexpr std::int64_t kHour = 60 * kMinute;

/// Of a unit of grpc-timeout; 0 of any other letter.
std::int64_t nanoseconds_of(char unit) noexcept {
  switch (unit) {
    case 'n':
      return 1;
    case 'u':
      return 1'000;
    case 'm':
      return 1'000'000;
    case 'S':
      return 1'000'000'000;
    case 'M':
      return kMinute;
    case 'H':
      return kHour;
    default:
      return 0;
  }
}

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
  const std::int64_t unit = nanoseconds_of(text.back());
  if (unit == 0) return false;
  // Eight digits of hours are more than a Duration holds; those of minutes are not.
  const bool too_long = unit == kHour && value > Duration::max().count() / kHour;
  out = too_long ? kForever : Duration(value * unit);
  return true;
}

std::size_t format_timeout(Duration timeout, char* out) noexcept {
  std::int64_t value = timeout.count() < 1 ? 1 : timeout.count();
  char unit = 'n';
  const auto divide = [&](std::int64_t by, char letter) {
    if (value <= kLargestTimeoutValue) return;
    value = value / by + (value % by != 0 ? 1 : 0);
    unit = letter;
  };
  // From one unit to the next, each rounded up: the same as at once. Inlined, so by constants.
  divide(1000, 'u');
  divide(1000, 'm');
  divide(1000, 'S');
  divide(60, 'M');
  divide(60, 'H');
  char* const end = std::to_chars(out, out + kTimeoutDigits, value).ptr;
  *end = unit;
  return static_cast<std::size_t>(end - out) + 1;
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
