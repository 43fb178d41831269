#include "weft/net/tls/internal/tls_sniff.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace weft::net::internal {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kHello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc"sv;
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv;

TEST(Sniffing, TellsWhatAClientSpeaks) {
  const std::vector<std::pair<std::string_view, FirstBytes>> cases = {
      {kHello, FirstBytes::TlsClientHello},
      {kPreface, FirstBytes::Http2Preface},
      {"GET / HTTP/1.1\r\n", FirstBytes::Http1},
      {"POST ", FirstBytes::Http1},
      {"PATCH /", FirstBytes::Http1},
      {"PRI * HTTP/2.0\r\n\r\nXX", FirstBytes::Other},
      {"PROPFIND / HTTP/1.1", FirstBytes::Other},
      {"\x16\x02", FirstBytes::Other},
      {"\x16\x03\x01\x00\x00\x01"sv, FirstBytes::Other},
      {"\x16\x03\x01\x00\x20\x02"sv, FirstBytes::Other},
      {"\x15\x03\x01\x00\x02\x02\x28"sv, FirstBytes::Other},
      {"\x80\x2e\x01\x03\x01"sv, FirstBytes::Other},
      {"SSH-2.0-OpenSSH", FirstBytes::Other},
      {"get / HTTP/1.1", FirstBytes::Other},
  };
  for (const auto& [bytes, expected] : cases) EXPECT_EQ(sniff(bytes), expected) << bytes;
}

TEST(Sniffing, DecidesOnceWithTheFewestBytes) {
  for (const auto& [whole, needed] :
       {std::pair(kHello, std::size_t{6}), std::pair(kPreface, kPreface.size()),
        std::pair("DELETE /"sv, std::size_t{7})}) {
    for (std::size_t size = 0; size <= whole.size(); ++size) {
      const FirstBytes seen = sniff(whole.substr(0, size));
      EXPECT_EQ(seen == FirstBytes::NeedMore, size < needed) << whole << ' ' << size;
      if (size >= needed) {
        EXPECT_EQ(seen, sniff(whole));
      }
    }
  }
}

TEST(Sniffing, TellsWhatAServerAnsweredInsteadOfTls) {
  EXPECT_EQ(sniff_answer("\0\0\x12\x04\0\0\0\0\0"sv), FirstAnswer::Http2);
  EXPECT_EQ(sniff_answer("\0\0\x12\x04\0"sv), FirstAnswer::Http2);
  EXPECT_EQ(sniff_answer("\0\0\x08\x07\0\0\0\0\0"sv), FirstAnswer::Http2);
  EXPECT_EQ(sniff_answer("\0\0\x12\x04\0\0\0\0\x01"sv), FirstAnswer::Other);
  EXPECT_EQ(sniff_answer("HTTP/1.0 200"), FirstAnswer::Http1);
  EXPECT_EQ(sniff_answer("220 smtp"), FirstAnswer::Other);
  EXPECT_EQ(sniff_answer(""), FirstAnswer::Other);
}

TEST(Sniffing, ShowsBytesSafely) {
  char buffer[80];
  EXPECT_EQ(printable("a\"\\\n\x80", buffer), "a\"\\x5c\\x0a\\x80");
  EXPECT_EQ(printable(std::string(100, '\xff'), buffer).size(), 64U);
}

}  // namespace
}  // namespace weft::net::internal
