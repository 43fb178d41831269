#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "weft/rpc/http/http_handler.h"

namespace weft::edge {

/// How a request asks for a call.
enum class Protocol : std::uint8_t {
  ConnectUnary,   ///< the content is the message
  ConnectGet,     ///< the message is in the query
  ConnectStream,  ///< messages in envelopes
  ConnectSocket,  ///< the same over a WebSocket, of every kind of method
  GrpcWeb,        ///< messages in envelopes
  GrpcWebText,    ///< the same in base64
  Rest,           ///< as the method's google.api.http says
};

constexpr bool is_grpc_web(Protocol protocol) noexcept {
  return protocol == Protocol::GrpcWeb || protocol == Protocol::GrpcWebText;
}

/// Whether messages are in Connect's envelopes.
constexpr bool is_connect_stream(Protocol protocol) noexcept {
  return protocol == Protocol::ConnectStream || protocol == Protocol::ConnectSocket;
}

constexpr bool has_envelopes(Protocol protocol) noexcept {
  return is_connect_stream(protocol) || is_grpc_web(protocol);
}

struct RequestKind {
  Protocol protocol;
  /// Of the messages, as the content type names it: "json", "proto". A view of the head.
  std::string_view format;
};

/// Whether a path has the form /pkg.Service/Method.
bool is_method_path(std::string_view path) noexcept;
/// Nothing for a request that is nobody's call.
std::optional<RequestKind> kind_of(const rpc::HttpHead& head) noexcept;

}  // namespace weft::edge
