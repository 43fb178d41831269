#include "weft/edge/websocket/internal/handshake.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <openssl/evp.h>

#include "weft/base/fatal.h"
#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/edge/internal/list_member.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::edge {
namespace {

/// RFC 6455 section 1.3.
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kNonce = 16;
constexpr std::size_t kKey = 24;  // the nonce in base64

Handshake refused(int status, std::string why) {
  return {.refusal = status, .why = std::move(why), .protocol = {}, .format = {}, .accept = {}};
}

std::string shown(std::string_view value) { return "'" + printable(value.substr(0, 64)) + "'"; }

bool is_key(std::string_view key) {
  std::string nonce;
  return key.size() == kKey && rpc::base64_decode(key, nonce) && nonce.size() == kNonce;
}

/// An origin's host and port; the port is left out where it is that of the scheme.
std::string_view without_default_port(std::string_view host, std::string_view scheme) noexcept {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  if (host.ends_with(port)) host.remove_suffix(port.size());
  return host;
}

/// The scheme is not compared where the server has no TLS: a proxy before it may.
bool is_own_origin(std::string_view origin, const rpc::HttpHead& head) noexcept {
  const std::size_t end = origin.find("://");
  if (end == std::string_view::npos) return false;
  const std::string_view scheme = origin.substr(0, end);
  if (scheme != "https" && (scheme != "http" || head.scheme == "https")) return false;
  return ascii::equal_without_case(without_default_port(origin.substr(end + 3), scheme),
                                   without_default_port(head.authority, scheme));
}

/// Clients that are no browsers send none.
bool is_allowed(const rpc::HttpHead& head, const std::vector<std::string>& origins) {
  const std::string_view origin = head.field("origin");
  if (origin.empty() || is_own_origin(origin, head)) return true;
  return std::any_of(origins.begin(), origins.end(), [&](const std::string& allowed) {
    return allowed == "*" || allowed == origin;
  });
}

bool is_served(std::string_view format, const rpc::Dispatcher& dispatcher) {
  return format == "proto" || format == "json" || dispatcher.codecs().find(format) != nullptr;
}

/// The first subprotocol that the client offers and the server speaks.
std::string_view choose_protocol(const rpc::HttpHead& head, const rpc::Dispatcher& dispatcher) {
  for (const rpc::HttpField& field : head.fields) {
    if (field.name != "sec-websocket-protocol") continue;
    for (std::string_view list = field.value; !list.empty();) {
      const std::string_view offered = take_member(list);
      if (offered.starts_with(kSubprotocol) &&
          is_served(offered.substr(kSubprotocol.size()), dispatcher)) {
        return offered;
      }
    }
  }
  return {};
}

}  // namespace

std::string accept_key(std::string_view key) {
  const std::string text = std::string(key).append(kGuid);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) {
    fatal("WebSocket: OpenSSL has no SHA-1, which RFC 6455 section 4.2.2 needs");
  }
  std::string accept;
  rpc::base64_encode({reinterpret_cast<const char*>(digest.data()), size}, accept);
  return accept + "=";
}

Handshake read_handshake(const rpc::HttpHead& head, const std::vector<std::string>& origins,
                         const rpc::Dispatcher& dispatcher) {
  if (head.method != "GET") return refused(405, "a WebSocket is opened by GET");
  const std::string_view version = head.field("sec-websocket-version");
  if (version != "13") {
    return refused(400, "sec-websocket-version " + shown(version) + " is not 13");
  }
  const std::string_view key = head.field("sec-websocket-key");
  if (!is_key(key)) {
    return refused(400, "sec-websocket-key " + shown(key) + " is not 16 bytes in base64");
  }
  if (!is_allowed(head, origins)) {
    return refused(403, "the origin " + shown(head.field("origin")) +
                            " is neither the server's own nor in WebSocketOptions::origins");
  }
  const std::string_view protocol = choose_protocol(head, dispatcher);
  if (protocol.empty()) {
    return refused(400, "sec-websocket-protocol " + shown(head.field("sec-websocket-protocol")) +
                            " names none of this server: weft.connect.v1+proto and "
                            "weft.connect.v1+json are");
  }
  return {.refusal = 0,
          .why = {},
          .protocol = protocol,
          .format = protocol.substr(kSubprotocol.size()),
          .accept = accept_key(key)};
}

}  // namespace weft::edge
