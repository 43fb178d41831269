#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weft/rpc/http/http_handler.h"
#include "weft/rpc/server/dispatcher.h"

namespace weft::edge {

/// What a client's opening handshake (RFC 6455 section 4.2) comes to.
struct Handshake {
  int refusal = 0;  ///< the HTTP status by which it is refused; 0: it is not
  std::string why;
  std::string_view protocol;  ///< of those that the client offers; a view of the head
  std::string_view format;    ///< of the messages, as the protocol names it
  std::string accept;         ///< Sec-WebSocket-Accept
};

/// The subprotocols: this and the name of a format.
inline constexpr std::string_view kSubprotocol = "weft.connect.v1+";

/// `origins`: of the pages that may connect, beside those of the server's own origin.
Handshake read_handshake(const rpc::HttpHead& head, const std::vector<std::string>& origins,
                         const rpc::Dispatcher& dispatcher);
/// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
std::string accept_key(std::string_view key);

}  // namespace weft::edge
