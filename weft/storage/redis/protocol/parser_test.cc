#include "weft/storage/redis/protocol/parser.h"

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "weft/storage/redis/error.h"
#include "weft/storage/redis/reading.h"

namespace weft::redis {
namespace {

Value reply_of(std::string_view bytes) {
  Parser parser{ReplyLimits()};
  EXPECT_EQ(parser.read(bytes), Parser::Progress::Reply) << parser.error();
  EXPECT_TRUE(bytes.empty());
  return parser.take();
}

std::string text_of(std::string_view bytes) {
  std::ostringstream out;
  out << reply_of(bytes);
  return out.str();
}

std::string error_of(std::string_view bytes, const ReplyLimits& limits = {}) {
  Parser parser(limits);
  EXPECT_EQ(parser.read(bytes), Parser::Progress::Broken);
  return std::string(parser.error().message());
}

TEST(RedisParser, ReadsEachType) {
  EXPECT_EQ(text_of("+OK\r\n"), "\"OK\"");
  EXPECT_EQ(text_of("$3\r\na\r\n\r\n"), "\"a\\r\\n\"");
  EXPECT_EQ(text_of(":-12\r\n"), "-12");
  EXPECT_EQ(text_of("$-1\r\n"), "null");
  EXPECT_EQ(text_of("*-1\r\n"), "null");
  EXPECT_EQ(text_of("_\r\n"), "null");
  EXPECT_EQ(text_of("#t\r\n"), "true");
  EXPECT_EQ(text_of(",1.5\r\n"), "1.5");
  EXPECT_EQ(text_of(",-inf\r\n"), "-inf");
  EXPECT_EQ(text_of("(3492890328409238509324850943850943825024385\r\n"),
            "3492890328409238509324850943850943825024385");
  EXPECT_EQ(text_of("=7\r\ntxt:abc\r\n"), "\"abc\"");
  EXPECT_EQ(text_of("!7\r\nERR abc\r\n"), "error \"ERR abc\"");
  EXPECT_EQ(text_of("*2\r\n*0\r\n~1\r\n:1\r\n"), "[[], [1]]");
  EXPECT_EQ(text_of("%1\r\n+a\r\n*2\r\n:1\r\n_\r\n"), "{\"a\": [1, null]}");
  EXPECT_EQ(reply_of(">1\r\n+x\r\n").type(), Type::Push);
}

TEST(RedisParser, DropsAttributes) {
  EXPECT_EQ(text_of("|1\r\n+ttl\r\n:1\r\n+OK\r\n"), "\"OK\"");
  EXPECT_EQ(text_of("*2\r\n:1\r\n|1\r\n+ttl\r\n*1\r\n:9\r\n:2\r\n"), "[1, 2]");
}

TEST(RedisParser, ReadsRepliesInPiecesOfAnySize) {
  constexpr std::string_view kBytes = "*2\r\n$5\r\nhello\r\n%1\r\n+k\r\n,2\r\n:7\r\n";
  for (std::size_t piece = 1; piece < kBytes.size(); ++piece) {
    Parser parser{ReplyLimits()};
    std::ostringstream seen;
    for (std::size_t at = 0; at < kBytes.size(); at += piece) {
      std::string_view now = kBytes.substr(at, piece);
      while (!now.empty() && parser.read(now) == Parser::Progress::Reply) seen << parser.take();
    }
    EXPECT_EQ(seen.str(), "[\"hello\", {\"k\": 2}]7") << piece;
  }
}

TEST(RedisParser, RefusesWhatIsNoReply) {
  EXPECT_NE(error_of("HTTP/1.1 400 Bad Request\r\n").find("\"HTTP/1.1"), std::string::npos);
  for (const std::string_view bytes :
       {"\r\n",      "+a\n",         ":x\r\n",       ":+-1\r\n",
        ":\r\n",     "$x\r\n",       "$-2\r\n",      "$99999999999999999999\r\n",
        "*-2\r\n",   "%-1\r\n",      "#x\r\n",       "_x\r\n",
        ",x\r\n",    "(1x\r\n",      "=2\r\nab\r\n", "=5\r\nabcde\r\n",
        "$1\r\nabc", "*1\r\n>1\r\n", "$?\r\n",       "*?\r\n",
        ";1\r\n",    ".\r\n"}) {
    EXPECT_NE(error_of(bytes), "") << bytes;
  }
  EXPECT_NE(error_of("+" + std::string(Parser::kMostLine, 'a')).find("65536"), std::string::npos);
}

TEST(RedisParser, RefusesDeepNesting) {
  std::string deep;
  for (int i = 0; i < 33; ++i) deep += "*1\r\n";
  EXPECT_NE(error_of(deep).find("deeper than 32"), std::string::npos);
}

TEST(RedisParser, PassesOverALargeReplyAndReadsTheNext) {
  ReplyLimits limits;
  limits.elements = 10;
  limits.bytes = 1000;
  for (const std::string& large :
       {"$2000\r\n" + std::string(2000, 'a') + "\r\n",
        "*2\r\n$600\r\n" + std::string(600, 'a') + "\r\n$600\r\n" + std::string(600, 'b') + "\r\n",
        std::string(
            "*3\r\n*9\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n:9\r\n:1\r\n:2\r\n")}) {
    const std::string both = large + "+next\r\n";
    std::string_view bytes = both;
    Parser parser(limits);
    ASSERT_EQ(parser.read(bytes), Parser::Progress::TooLarge);
    EXPECT_EQ(parser.error().code(), StatusCode::ResourceExhausted);
    static_cast<void>(parser.take());
    ASSERT_EQ(parser.read(bytes), Parser::Progress::Reply) << parser.error();
    EXPECT_EQ(parser.take().text(), "next");
  }
}

TEST(RedisParser, SaysThatALargeReplyWasAPush) {
  ReplyLimits limits;
  limits.bytes = 100;
  const std::string large = "$200\r\n" + std::string(200, 'a') + "\r\n";
  const std::string both = ">1\r\n" + large + large;
  std::string_view bytes = both;
  Parser parser(limits);
  ASSERT_EQ(parser.read(bytes), Parser::Progress::TooLarge);
  EXPECT_EQ(parser.take().type(), Type::Push);
  ASSERT_EQ(parser.read(bytes), Parser::Progress::TooLarge);
  EXPECT_TRUE(parser.take().is_null());
}

TEST(RedisValue, BecomesTypesOfCpp) {
  EXPECT_EQ(*reply_of("$2\r\n12\r\n").as<int>(), 12);
  EXPECT_EQ(*reply_of("_\r\n").as<std::optional<int>>(), std::nullopt);
  EXPECT_EQ(*reply_of("*2\r\n+a\r\n+b\r\n").as<std::vector<std::string>>(),
            (std::vector<std::string>{"a", "b"}));
  using Map = std::map<std::string, int>;
  EXPECT_EQ((*reply_of("%1\r\n+a\r\n:1\r\n").as<Map>()), (Map{{"a", 1}}));
  EXPECT_EQ((*reply_of("*2\r\n+a\r\n:1\r\n").as<Map>()), (Map{{"a", 1}}));
  using Scores = std::vector<std::pair<std::string, double>>;
  EXPECT_EQ((*reply_of("*1\r\n*2\r\n+a\r\n,1.5\r\n").as<Scores>()), (Scores{{"a", 1.5}}));
  EXPECT_TRUE(*reply_of(":1\r\n").as<bool>());
}

// What run_as() asks.
static_assert(OwnsItsText<std::map<std::string, std::vector<std::pair<int, std::string>>>>::value);
static_assert(!OwnsItsText<std::string_view>::value);
static_assert(!OwnsItsText<std::optional<std::vector<std::string_view>>>::value);
static_assert(!OwnsItsText<std::pair<int, std::string_view>>::value);
static_assert(!OwnsItsText<std::tuple<int, std::string, std::string_view>>::value);
static_assert(!OwnsItsText<std::map<std::string_view, int>>::value);
static_assert(!OwnsItsText<std::unordered_map<int, std::string_view>>::value);

TEST(RedisValue, RefusesWhatDoesNotFit) {
  EXPECT_EQ(reply_of(":300\r\n").as<std::int8_t>().status().code(), StatusCode::Internal);
  EXPECT_EQ(reply_of("_\r\n").as<std::string>().status().message(),
            "the reply is null, which is not text");
  EXPECT_EQ(reply_of("*1\r\n:1\r\n").as<std::string>().status().code(), StatusCode::Internal);
  const Status inside = reply_of("*1\r\n-WRONGTYPE x\r\n").as<std::vector<int>>().status();
  EXPECT_EQ(error_code(inside), "WRONGTYPE");
}

TEST(RedisError, HasACodeOfGrpc) {
  const Status status = error_status("OOM command not allowed");
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(error_code(status), "OOM");
  EXPECT_EQ(error_status("ERR unknown command 'X'").code(), StatusCode::Unimplemented);
  EXPECT_EQ(error_status("my script says no").code(), StatusCode::Unknown);
  EXPECT_EQ(error_status("ERRFOO x").code(), StatusCode::Unknown);
  EXPECT_EQ(error_status("ERR").code(), StatusCode::InvalidArgument);
  EXPECT_EQ(error_status("BUSY a script runs").code(), StatusCode::Unavailable);
  EXPECT_EQ(error_status("BUSYKEY Target key name already exists.").code(),
            StatusCode::AlreadyExists);
  EXPECT_EQ(error_code(error_status("my script says no")), "ERR");
  EXPECT_EQ(error_code(outcome_unknown("x")), kOutcomeUnknown);
  EXPECT_EQ(error_code(unavailable("x")), std::nullopt);
}

}  // namespace
}  // namespace weft::redis
