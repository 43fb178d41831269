// The first bytes of a connection, by which a port tells TLS from plaintext: the verdict is the
// one of the standards, and does not depend on how the bytes arrive.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "weft/net/tls/internal/tls_sniff.h"

namespace {

using namespace weft::net::internal;

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", rule);
  std::abort();
}

unsigned at(std::string_view bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }

/// RFC 8446 section 5.1 and 4: a handshake record that is not empty and begins with a ClientHello.
bool is_hello(std::string_view bytes) {
  return bytes.size() >= 6 && at(bytes, 0) == 22 && at(bytes, 1) == 3 &&
         (at(bytes, 3) != 0 || at(bytes, 4) != 0) && at(bytes, 5) == 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  FirstBytes verdict = FirstBytes::NeedMore;
  for (std::size_t n = 0; n <= std::min<std::size_t>(bytes.size(), 64); ++n) {
    // Each prefix in memory of its own, so that AddressSanitizer sees a look beyond its end.
    const std::string prefix(bytes, 0, n);
    const FirstBytes now = sniff(prefix);
    require(verdict == FirstBytes::NeedMore || now == verdict, "a verdict stands");
    require(now != FirstBytes::NeedMore || n < 24, "24 bytes are enough");
    verdict = now;
    static_cast<void>(sniff_answer(prefix));
    char buffer[80];
    const std::string_view shown = printable(prefix, buffer);
    require(shown.size() <= sizeof buffer, "what is shown fits");
    const auto visible = [](char c) { return c >= 0x20 && c < 0x7f; };
    require(std::all_of(shown.begin(), shown.end(), visible), "what is shown is printable");
  }
  require((verdict == FirstBytes::TlsClientHello) == is_hello(bytes), "a ClientHello is one");
  const bool preface = bytes.starts_with("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  require((verdict == FirstBytes::Http2Preface) == preface, "the preface is the preface");
  const std::size_t space = bytes.find(' ');
  require(verdict != FirstBytes::Http1 ||
              (space != std::string::npos &&
               std::all_of(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(space),
                           [](char c) { return c >= 'A' && c <= 'Z'; })),
          "HTTP/1 begins with a method");
  return 0;
}
