#include "weft/http2/hpack/header.h"

#include <cstring>

namespace weft::http2 {
namespace {

/// Both have the length N - 1 already; a comparison of constant length compiles to a few loads.
template <std::size_t N>
bool is(std::string_view name, const char (&literal)[N]) noexcept {
  return std::memcmp(name.data(), literal, N - 1) == 0;
}

Token seven(std::string_view name) noexcept {
  if (is(name, ":status")) return Token::Status;
  if (is(name, ":method")) return Token::Method;
  if (is(name, ":scheme")) return Token::Scheme;
  if (is(name, "upgrade")) return Token::Upgrade;
  return Token::Other;
}

Token ten(std::string_view name) noexcept {
  if (is(name, ":authority")) return Token::Authority;
  if (is(name, "user-agent")) return Token::UserAgent;
  if (is(name, "connection")) return Token::Connection;
  if (is(name, "keep-alive")) return Token::KeepAlive;
  return Token::Other;
}

Token twelve(std::string_view name) noexcept {
  if (is(name, "content-type")) return Token::ContentType;
  if (is(name, "grpc-timeout")) return Token::GrpcTimeout;
  if (is(name, "grpc-message")) return Token::GrpcMessage;
  return Token::Other;
}

template <std::size_t N>
Token only(std::string_view name, const char (&literal)[N], Token token) noexcept {
  return is(name, literal) ? token : Token::Other;
}

Token long_name(std::string_view name) noexcept {
  switch (name.size()) {
    case 16:
      return only(name, "proxy-connection", Token::ProxyConnection);
    case 17:
      return only(name, "transfer-encoding", Token::TransferEncoding);
    case 20:
      return only(name, "grpc-accept-encoding", Token::GrpcAcceptEncoding);
    case 22:
      return only(name, "grpc-retry-pushback-ms", Token::GrpcRetryPushbackMs);
    case 23:
      return only(name, "grpc-status-details-bin", Token::GrpcStatusDetailsBin);
    case 26:
      return only(name, "grpc-previous-rpc-attempts", Token::GrpcPreviousRpcAttempts);
    default:
      return Token::Other;
  }
}

}  // namespace

Token token_of(std::string_view name) noexcept {
  switch (name.size()) {
    case 2:
      return only(name, "te", Token::Te);
    case 4:
      return only(name, "host", Token::Host);
    case 5:
      return only(name, ":path", Token::Path);
    case 6:
      return only(name, "cookie", Token::Cookie);
    case 7:
      if (is(name, "baggage")) return Token::Baggage;
      return seven(name);
    case 9:
      return only(name, ":protocol", Token::Protocol);
    case 10:
      if (is(name, "tracestate")) return Token::Tracestate;
      return ten(name);
    case 11:
      if (is(name, "grpc-status")) return Token::GrpcStatus;
      return only(name, "traceparent", Token::Traceparent);
    case 12:
      return twelve(name);
    case 13:
      if (is(name, "grpc-encoding")) return Token::GrpcEncoding;
      return only(name, "authorization", Token::Authorization);
    case 14:
      if (is(name, "grpc-trace-bin")) return Token::GrpcTraceBin;
      return only(name, "content-length", Token::ContentLength);
    default:
      return long_name(name);
  }
}

}  // namespace weft::http2
