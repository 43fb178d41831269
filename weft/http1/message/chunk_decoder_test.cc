#include "weft/http1/message/chunk_decoder.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::http1 {
namespace {

using ::testing::HasSubstr;
using Outcome = ChunkDecoder::Outcome;

constexpr ChunkLimits kLimits{
    .size_line = 30, .extensions = 100, .trailers = {.size = 100, .line = 40, .fields = 3}};

/// All of a message, in parts of `step` bytes.
struct Decoded {
  std::string content;
  std::string rest;  // what was not taken
  std::vector<std::pair<std::string, std::string>> trailers;
  Outcome outcome = Outcome::NeedMore;
  std::string why;
};

Decoded decode(std::string_view bytes, std::size_t step) {
  Decoded decoded;
  ChunkDecoder decoder(kLimits);
  while (!bytes.empty() && decoded.outcome == Outcome::NeedMore) {
    std::string_view part = bytes.substr(0, step);
    const std::size_t size = part.size();
    do {
      std::string_view content;
      decoded.outcome = decoder.next(part, content);
      if (decoded.outcome == Outcome::Content) decoded.content += content;
    } while (decoded.outcome == Outcome::Content);
    bytes.remove_prefix(size - part.size());
  }
  decoded.rest = bytes;
  decoded.why = decoder.fault().why;
  for (const auto& [name, value] : decoder.trailers()) decoded.trailers.emplace_back(name, value);
  return decoded;
}

TEST(ChunkDecoder, DecodesHoweverTheBytesAreSplit) {
  const std::string message =
      "4\r\nWiki\r\n00D;a=b;c=\"d e\"\r\npedia in\r\n\r\nc\r\n0\r\nX-Sum: 7\r\n\r\n";
  for (std::size_t step = 1; step <= message.size() + 4; ++step) {
    const Decoded decoded = decode(message + "NEXT", step);
    EXPECT_EQ(decoded.outcome, Outcome::End) << step << decoded.why;
    EXPECT_EQ(decoded.content, "Wikipedia in\r\n\r\nc") << step;
    EXPECT_EQ(decoded.rest, "NEXT") << step;
    ASSERT_EQ(decoded.trailers.size(), 1U) << step;
    EXPECT_EQ(decoded.trailers[0].first, "x-sum");
  }
}

TEST(ChunkDecoder, EndsWithoutTrailers) {
  for (std::size_t step = 1; step < 8; ++step) {
    const Decoded decoded = decode("0\r\n\r\n0", step);
    EXPECT_EQ(decoded.outcome, Outcome::End) << step;
    EXPECT_EQ(decoded.rest, "0");
    EXPECT_TRUE(decoded.trailers.empty());
  }
}

TEST(ChunkDecoder, RefusesWhatParsersDifferIn) {
  const std::vector<std::pair<std::string, const char*>> cases = {
      {"\r\n", "hexadecimal digits"},
      {";a\r\n", "hexadecimal digits"},
      {"g\r\n", "'g'"},
      {"0x5\r\n", "'x'"},
      {"+5\r\n", "'+'"},
      {"-1\r\n", "'-'"},
      {" 5\r\n", "' '"},
      {"5 \r\n", "' '"},
      {"5 ;a\r\n", "' '"},
      {"5\nhello\r\n", "\\n"},
      {"5\r5", "CRLF of a chunk"},
      {"5;a\nb\r\n", "control character"},
      {"5;a\x01\r\n", "control character"},
      {"5;a\r\r\n", "CRLF of a chunk"},
      {"5;\r\n", "where its name or its value is due"},
      {"5;a;\r\n", "where its name or its value is due"},
      {"5;a=\r\n", "where its name or its value is due"},
      {"5;a=\"b\r\n", "where its name or its value is due"},
      {"5;a=\"b\\\r\n", "where its name or its value is due"},
      {"5;=b\r\n", "'=' where"},
      {"5;a[=b\r\n", "'[' where"},
      {"5;a b\r\n", "'b' where"},
      {"5;a=b c\r\n", "'c' where"},
      {"5;a=\"b\"c\r\n", "'c' where"},
      {"5;a=b=c\r\n", "'=' where"},
      {"1\r\nab\r\n", "'b' where the CRLF"},
      {"1\r\na\n", "CRLF of a chunk"},
      {"1\r\na\rb", "CRLF of a chunk"},
      {"1\r\na\r\n\r\n", "hexadecimal digits"},
      {"10000000000000000\r\n", "15 digits"},
      {"0000000000000001\r\n", "15 digits"},
      {"ffffffffffffffff\r\n", "15 digits"},
      {"1;" + std::string(40, 'x') + "\r\n", "limits of 30 bytes"},
      {"0\r\na: b\n\r\n", "trailers: the line"},
      {"0\r\n a: b\r\n\r\n", "trailers: a line begins with white space"},
      {"0\r\na : b\r\n\r\n", "trailers: the field line"},
      {"0\r\nContent-Length: 5\r\n\r\n", "may not stand in trailers"},
      {"0\r\na:1\r\nb:2\r\nc:3\r\nd:4\r\n\r\n", "the limit of 3"},
      {"0\r\n" + std::string(50, 'x'), "the limit of 40 bytes"},
      {"0\r\n" + std::string(38, 'x') + "\r\n" + std::string(38, 'x') + "\r\n" +
           std::string(38, 'x'),
       "the limit of 100 bytes"},
  };
  for (const auto& [bytes, why] : cases) {
    for (const std::size_t step : {std::size_t{1}, bytes.size()}) {
      const Decoded decoded = decode(bytes, step);
      EXPECT_EQ(decoded.outcome, Outcome::Refused) << bytes;
      EXPECT_THAT(decoded.why, HasSubstr(why)) << bytes;
    }
  }
}

TEST(ChunkDecoder, TakesSizesOfAsManyDigitsAsAllowed) {
  const std::string message = "00000000000000A\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n";
  for (std::size_t step = 1; step <= message.size(); ++step) {
    const Decoded decoded = decode(message, step);
    EXPECT_EQ(decoded.outcome, Outcome::End) << step << decoded.why;
    EXPECT_EQ(decoded.content, "0123456789x") << step;
  }
}

TEST(ChunkDecoder, PassesExtensionsOver) {
  for (const std::string extension :
       {";a", ";a;b", "; a = b", ";a=\"\"", ";a=\"b;\\\"c\";d", ";a=b \t; c "}) {
    const std::string message = "1" + extension + "\r\nx\r\n0" + extension + "\r\n\r\n";
    for (std::size_t step = 1; step <= message.size(); ++step) {
      const Decoded decoded = decode(message, step);
      EXPECT_EQ(decoded.outcome, Outcome::End) << extension << step << decoded.why;
      EXPECT_EQ(decoded.content, "x") << extension << step;
    }
  }
}

TEST(ChunkDecoder, BoundsExtensionsOfAMessage) {
  std::string message;
  for (int i = 0; i < 20; ++i) message += "1;abcdef\r\nx\r\n";
  EXPECT_THAT(decode(message, 7).why, HasSubstr("100 for a message"));
}

TEST(ChunkDecoder, HoldsNothingWithoutTrailers) {
  ChunkDecoder decoder(kLimits);
  std::string_view bytes = "5\r\nhello\r\n0\r\n\r\n";
  std::string_view content;
  EXPECT_EQ(decoder.next(bytes, content), Outcome::Content);
  EXPECT_EQ(decoder.next(bytes, content), Outcome::End);
  EXPECT_EQ(decoder.memory(), 0U);
}

}  // namespace
}  // namespace weft::http1
