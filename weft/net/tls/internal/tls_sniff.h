#pragma once

#include <cstdint>
#include <string_view>

namespace weft::net::internal {

/// What a client speaks, seen from its first bytes.
enum class FirstBytes : std::uint8_t {
  NeedMore,        ///< what there is may still become several of these
  TlsClientHello,  ///< a handshake record with a ClientHello
  Http2Preface,    ///< HTTP/2 without TLS (RFC 9113 section 3.4)
  Http1,           ///< a request line of HTTP/1
  Other,
};

/// `bytes` are all that came so far. Says NeedMore for no more than 24 bytes.
FirstBytes sniff(std::string_view bytes) noexcept;

/// What a server answered to a ClientHello, where that is no TLS.
enum class FirstAnswer : std::uint8_t { Http2, Http1, Other };
FirstAnswer sniff_answer(std::string_view bytes) noexcept;

/// The first bytes for an error message: printable ones as they are, others as \xNN, at most 16.
std::string_view printable(std::string_view bytes, char (&buffer)[80]) noexcept;

}  // namespace weft::net::internal
