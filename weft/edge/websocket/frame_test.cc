#include "weft/edge/websocket/internal/frame.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/edge/websocket/internal/test_websocket.h"

namespace weft::edge {
namespace {

using namespace std::string_literals;
using test::masked;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// The items of `bytes`, which come in parts of `step`: "opcode[(]payload[)]" with brackets where a
/// message begins and ends; parts of a message are joined.
std::vector<std::string> items(std::string_view bytes, std::size_t step, Violation* why = nullptr) {
  FrameReader reader;
  std::vector<std::string> found;
  std::string message;
  while (!bytes.empty()) {
    std::string_view part = bytes.substr(0, step);
    bytes.remove_prefix(part.size());
    FrameReader::Item item;
    for (;;) {
      const FrameReader::Outcome outcome = reader.next(part, item);
      if (outcome == FrameReader::Outcome::NeedMore) break;
      if (outcome == FrameReader::Outcome::Refused) {
        found.push_back("refused");
        if (why != nullptr) *why = reader.violation();
        return found;
      }
      const std::string opcode = std::to_string(static_cast<int>(item.opcode)) + ":";
      if (item.opcode >= Opcode::Close) {
        found.push_back(opcode + std::string(item.payload));
        continue;
      }
      if (item.begins) message = opcode;
      message += item.payload;
      if (item.ends) found.push_back(message);
    }
    EXPECT_TRUE(part.empty());
  }
  return found;
}

std::string refusal(std::string_view bytes) {
  Violation why;
  EXPECT_THAT(items(bytes, 1, &why), ::testing::Contains("refused"));
  EXPECT_EQ(items(bytes, bytes.size()).back(), "refused");
  EXPECT_EQ(why.code, CloseCode::ProtocolError);
  return why.why;
}

TEST(WebSocketFrame, MessagesAreReadHoweverTheyAreCut) {
  const std::string large(70'000, 'l');
  const std::string medium(300, 'm');
  const std::string bytes = masked(Opcode::Text, "hi") + masked(Opcode::Binary, "a", false) +
                            masked(Opcode::Ping, "p") + masked(Opcode::Continuation, "", false) +
                            masked(Opcode::Continuation, "bc") + masked(Opcode::Binary, "") +
                            masked(Opcode::Binary, medium) + masked(Opcode::Binary, large) +
                            masked(Opcode::Close, "");
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    EXPECT_THAT(items(bytes, step),
                ElementsAre("1:hi", "9:p", "2:abc", "2:", "2:" + medium, "2:" + large, "8:"));
  }
}

TEST(WebSocketFrame, TheExampleOfTheRfcIsRead) {
  EXPECT_THAT(items("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 3), ElementsAre("1:Hello"));
}

TEST(WebSocketFrame, BrokenRulesAreRefused) {
  EXPECT_THAT(refusal("\x82\x01"s), HasSubstr("not masked"));
  EXPECT_THAT(refusal("\xc2\x81"s), HasSubstr("reserved bit"));
  EXPECT_THAT(refusal("\x83\x81"s), HasSubstr("opcode 3"));
  EXPECT_THAT(refusal("\x09\x80"s), HasSubstr("fragmented"));
  EXPECT_THAT(refusal("\x89\xfe"s), HasSubstr("125"));
  EXPECT_THAT(refusal(masked(Opcode::Continuation, "x")), HasSubstr("continues no message"));
  EXPECT_THAT(refusal(masked(Opcode::Text, "x", false) + masked(Opcode::Binary, "y")),
              HasSubstr("within another"));
  EXPECT_THAT(refusal("\x82\xfe\0\x05mask"s), HasSubstr("shortest"));
  EXPECT_THAT(refusal("\x82\xff\0\0\0\0\0\0\xff\xffmask"s), HasSubstr("shortest"));
  EXPECT_THAT(refusal("\x82\xff\x80\0\0\0\0\0\0\0mask"s), HasSubstr("63 bits"));
}

TEST(WebSocketFrame, ClosesAreChecked) {
  Violation why;
  EXPECT_EQ(read_close("", why)->code, 1005);
  EXPECT_EQ(read_close("\x03\xe8"
                       "bye",
                       why)
                ->code,
            1000);
  EXPECT_EQ(read_close("\x03\xe8"
                       "bye",
                       why)
                ->text,
            "bye");
  EXPECT_EQ(read_close("\x0f\xa0", why)->code, 4000);
  for (const std::string& bad : {"\x03"s, "\x03\xed"s, "\x03\xf7"s, "\0\0"s, "\x13\x88"s}) {
    EXPECT_FALSE(read_close(bad, why)) << ::testing::PrintToString(bad);
    EXPECT_EQ(why.code, CloseCode::ProtocolError);
  }
  EXPECT_FALSE(read_close("\x03\xe8\xff", why));
  EXPECT_EQ(why.code, CloseCode::NotUtf8);
}

TEST(WebSocketFrame, ALongReasonIsCutBetweenCharacters) {
  std::string out;
  append_close(out, CloseCode::Policy, std::string(122, 'x') + "\xc3\xa4");
  EXPECT_EQ(out, "\x88\x7c\x03\xf0" + std::string(122, 'x'));
}

}  // namespace
}  // namespace weft::edge
