#include "weft/messaging/nats/protocol/parser.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::nats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What `bytes` say, in pieces of `piece` bytes: each operation as a line.
std::vector<std::string> read_all(std::string_view bytes, std::size_t piece,
                                  const ParserLimits& limits = {}) {
  static constexpr std::string_view kKinds[] = {"info", "message", "ping", "pong", "ok", "error"};
  Parser parser(limits);
  std::vector<std::string> seen;
  while (!bytes.empty()) {
    std::string_view now = bytes.substr(0, piece);
    bytes.remove_prefix(now.size());
    while (!now.empty()) {
      const Parser::Progress progress = parser.read(now);
      if (progress == Parser::Progress::NeedMore) break;
      if (progress == Parser::Progress::Broken) {
        seen.emplace_back(parser.error().message());
        return seen;
      }
      const Operation& it = parser.operation();
      std::string line(kKinds[static_cast<std::size_t>(it.kind)]);
      if (!it.text.empty()) line.append(" ").append(it.text);
      if (it.kind == Operation::Kind::Message) {
        line.append(" ").append(it.subject).append(" ").append(std::to_string(it.subscription));
        line.append(" [").append(it.reply).append("] ").append(std::to_string(it.size));
        line.append(it.too_large ? " too large" : "");
        line.append(" <").append(it.headers).append("><").append(it.payload).append(">");
      }
      seen.push_back(line);
    }
  }
  return seen;
}

TEST(NatsParser, ReadsEveryOperationInPiecesOfAnySize) {
  constexpr std::string_view kBytes =
      "INFO {\"max_payload\":1048576}\r\n"
      "PING\r\n"
      "pong\r\n"
      "+OK\r\n"
      "-ERR 'Authorization Violation'\r\n"
      "MSG a.b 7 5\r\nhello\r\n"
      "MSG a.b 7 inbox.1 0\r\n\r\n"
      "HMSG a 18446744073709551615 r 16 18\r\nNATS/1.0 503\r\n\r\nhi\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, kBytes.size()}) {
    EXPECT_THAT(read_all(kBytes, piece),
                ElementsAre("info {\"max_payload\":1048576}", "ping", "pong", "ok",
                            "error Authorization Violation", "message a.b 7 [] 5 <><hello>",
                            "message a.b 7 [inbox.1] 0 <><>",
                            "message a 18446744073709551615 [r] 18 <NATS/1.0 503\r\n\r\n><hi>"));
  }
}

TEST(NatsParser, PassesOverMessagesBeyondTheLimit) {
  ParserLimits limits;
  limits.message = 4;
  constexpr std::string_view kBytes = "MSG a 1 r 5\r\nhello\r\nMSG a 1 4\r\nfour\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, kBytes.size()}) {
    EXPECT_THAT(read_all(kBytes, piece, limits),
                ElementsAre("message a 1 [r] 5 too large <><>", "message a 1 [] 4 <><four>"));
  }
}

TEST(NatsParser, HoldsOnlyWhatHasArrived) {
  ParserLimits limits;
  limits.message = std::size_t{1} << 30;
  Parser parser(limits);
  std::string_view bytes = "MSG a 1 1000000000\r\nx";
  EXPECT_EQ(parser.read(bytes), Parser::Progress::NeedMore);
  EXPECT_LT(parser.memory(), 1024U);
}

TEST(NatsParser, NamesWhatIsMalformed) {
  const auto last = [](std::string_view bytes) { return read_all(bytes, 1).back(); };
  EXPECT_THAT(last("HELLO\r\n"), HasSubstr("a line that no operation begins with: HELLO"));
  EXPECT_THAT(last("PING\n"), HasSubstr("a line that does not end with CR LF: PING"));
  for (const std::string_view line :
       {"MSG a 1", "MSG a x 1", "MSG a 1 -1", "MSG a 1 r 1 1", "MSG a 1 99999999999999999999999",
        "HMSG a 1 5", "HMSG a 1 12 11", "HMSG a 1 3 11"}) {
    EXPECT_THAT(last(std::string(line) + "\r\n"), HasSubstr("a message whose line is malformed"))
        << line;
  }
  EXPECT_THAT(last("MSG a 1 2\r\nxyz\r\n"), HasSubstr("longer than the line before it says"));
}

TEST(NatsParser, BoundsALine) {
  ParserLimits limits;
  limits.line = 100;
  const std::string endless(1000, 'x');
  EXPECT_THAT(read_all(endless, 7, limits).back(), HasSubstr("a line of more than 100 bytes"));
}

TEST(NatsParser, ReadsNothingBehindAnError) {
  Parser parser;
  std::string_view bytes = "what\r\nPING\r\n";
  EXPECT_EQ(parser.read(bytes), Parser::Progress::Broken);
  EXPECT_EQ(parser.read(bytes), Parser::Progress::Broken);
  EXPECT_EQ(parser.error().origin(), Origin::Transport);
}

}  // namespace
}  // namespace weft::nats
