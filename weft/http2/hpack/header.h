#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weft::http2 {

/// Names that the way of a call asks for, so that they are compared as numbers.
enum class Token : std::uint8_t {
  Other,
  // pseudo-headers
  Authority,
  Method,
  Path,
  Scheme,
  Status,
  Protocol,
  // what RFC 9113 section 8.2.2 forbids, and TE, which it restricts
  Connection,
  KeepAlive,
  ProxyConnection,
  TransferEncoding,
  Upgrade,
  Te,
  // HTTP
  ContentType,
  ContentLength,
  UserAgent,
  Host,
  Cookie,
  Authorization,
  // gRPC
  GrpcTimeout,
  GrpcEncoding,
  GrpcAcceptEncoding,
  GrpcStatus,
  GrpcMessage,
  GrpcStatusDetailsBin,
  GrpcPreviousRpcAttempts,
  GrpcRetryPushbackMs,
  // trace and baggage
  Traceparent,
  Tracestate,
  Baggage,
  GrpcTraceBin,
};
inline constexpr std::size_t kTokenCount = static_cast<std::size_t>(Token::GrpcTraceBin) + 1;

/// The token of a lower-case field name. Other where there is none; an unknown name that starts
/// with
/// ':' is Other too (the session rejects it).
Token token_of(std::string_view name) noexcept;

/// One field of a header block. The views belong to whoever made the list.
struct HeaderField {
  std::string_view name;
  std::string_view value;
  Token token = Token::Other;
  /// Secrets: sent as a literal that no table on the way keeps (RFC 7541 section 7.1.3).
  bool sensitive = false;
  /// The characters of name and value are known to keep the rules of RFC 9113 section 8.2.1: an
  /// entry of a decoder's table is looked at once and not in every block that refers to it.
  bool checked = false;
  /// The same of the name alone, of a field with the name of such an entry.
  bool name_checked = false;

  /// Size as RFC 9113 section 10.5.1 counts it: both lengths and 32.
  std::size_t size() const noexcept { return name.size() + value.size() + 32; }
};

using HeaderFields = std::span<const HeaderField>;

}  // namespace weft::http2
