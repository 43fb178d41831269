#include "weft/messaging/nats/protocol/headers.h"

#include <string>

#include <gtest/gtest.h>

namespace weft::nats {
namespace {

/// "503 name=value name=value", and "!" where the block is malformed.
std::string read(std::string_view block) {
  HeaderReader reader(block);
  std::string seen = reader.status() == 0 ? "" : std::to_string(reader.status());
  while (const std::optional<Header> header = reader.next()) {
    seen.append(" ").append(header->name).append("=").append(header->value);
  }
  return seen.append(reader.well_formed() ? "" : "!");
}

TEST(NatsHeaders, AreNamesAndValuesWithoutBlanks) {
  EXPECT_EQ(read("NATS/1.0\r\na: 1\r\nB:2\r\nc: \t x y \r\nd:\r\n\r\n"), " a=1 B=2 c=x y d=");
  EXPECT_EQ(read("NATS/1.0\r\n\r\n"), "");
}

TEST(NatsHeaders, HaveTheBrokersStatusInTheFirstLine) {
  EXPECT_EQ(read("NATS/1.0 503\r\n\r\n"), "503");
  EXPECT_EQ(read("NATS/1.0 404 No Messages\r\na: 1\r\n\r\n"), "404 a=1");
}

TEST(NatsHeaders, AreMalformedWithoutTheirEnds) {
  EXPECT_EQ(read(""), "!");
  EXPECT_EQ(read("NATS/2.0\r\n\r\n"), "!");
  EXPECT_EQ(read("NATS/1.0 abc\r\n\r\n"), "!");
  EXPECT_EQ(read("NATS/1.0\r\na: 1\r\n"), " a=1!");
  EXPECT_EQ(read("NATS/1.0\r\na: 1"), "!");
  EXPECT_EQ(read("NATS/1.0\r\nno colon\r\n\r\n"), "!");
  EXPECT_EQ(read("NATS/1.0\r\n: x\r\n\r\n"), "!");
  EXPECT_EQ(read("NATS/1.0\r\na b: x\r\n\r\n"), "!");
  EXPECT_EQ(read("NATS/1.0\r\na: x\x01\r\n\r\n"), "!");
  EXPECT_EQ(read("NATS/1.0\r\n\r\na: 1\r\n\r\n"), "!");
}

TEST(NatsHeaders, ReadBackWhatIsWritten) {
  std::string block(kHeadersBegin);
  append_header(block, "a", "1");
  block.append(kHeadersEnd);
  EXPECT_EQ(read(block), " a=1");
}

}  // namespace
}  // namespace weft::nats
