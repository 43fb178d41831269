#include "weft/net/tls/internal/tls_sniff.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace weft::net::internal {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// Methods of RFC 9110 and PATCH; their requests begin with one of these and a space.
constexpr std::array<std::string_view, 9> kMethods = {
    "GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "CONNECT ", "OPTIONS ", "TRACE ", "PATCH "};

bool begins(std::string_view text, std::string_view with) noexcept {
  return text.substr(0, with.size()) == with;
}

/// Whether `bytes` may still become `text`.
bool may_become(std::string_view bytes, std::string_view text) noexcept {
  return bytes.size() < text.size() && begins(text, bytes);
}

unsigned byte_at(std::string_view bytes, std::size_t index) noexcept {
  return static_cast<unsigned char>(bytes[index]);
}

/// RFC 8446 section 5.1: type 22 (handshake), legacy version 3.x, two bytes of length, then the
/// handshake message, type 1 (ClientHello).
FirstBytes sniff_tls(std::string_view bytes) noexcept {
  if (bytes.size() > 1 && byte_at(bytes, 1) != 3) return FirstBytes::Other;
  if (bytes.size() < 6) return FirstBytes::NeedMore;
  const unsigned length = byte_at(bytes, 3) << 8U | byte_at(bytes, 4);
  const bool is_hello = length > 0 && byte_at(bytes, 5) == 1;
  return is_hello ? FirstBytes::TlsClientHello : FirstBytes::Other;
}

}  // namespace

FirstBytes sniff(std::string_view bytes) noexcept {
  if (bytes.empty()) return FirstBytes::NeedMore;
  if (byte_at(bytes, 0) == 22) return sniff_tls(bytes);
  if (begins(bytes, kPreface)) return FirstBytes::Http2Preface;
  bool open = may_become(bytes, kPreface);
  for (const std::string_view method : kMethods) {
    if (begins(bytes, method)) return FirstBytes::Http1;
    open = open || may_become(bytes, method);
  }
  return open ? FirstBytes::NeedMore : FirstBytes::Other;
}

FirstAnswer sniff_answer(std::string_view bytes) noexcept {
  if (begins(bytes, "HTTP/1.")) return FirstAnswer::Http1;
  // The header of a frame on stream 0: SETTINGS first as RFC 9113 section 3.4 demands, or a GOAWAY.
  if (bytes.size() < 5 || byte_at(bytes, 0) != 0) return FirstAnswer::Other;
  const unsigned type = byte_at(bytes, 3);
  const std::string_view stream = bytes.substr(5, 4);
  const bool on_stream_zero = stream.find_first_not_of('\0') == std::string_view::npos;
  return (type == 4 || type == 7) && on_stream_zero ? FirstAnswer::Http2 : FirstAnswer::Other;
}

std::string_view printable(std::string_view bytes, char (&buffer)[80]) noexcept {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::size_t size = 0;
  for (const char c : bytes.substr(0, 16)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
      buffer[size++] = c;
      continue;
    }
    buffer[size++] = '\\';
    buffer[size++] = 'x';
    buffer[size++] = kDigits[byte >> 4U];
    buffer[size++] = kDigits[byte & 15U];
  }
  return {buffer, size};
}

}  // namespace weft::net::internal
