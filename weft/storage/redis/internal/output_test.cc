#include "weft/storage/redis/internal/output.h"

#include <string>

#include <gtest/gtest.h>

namespace weft::redis {
namespace {

TEST(RedisOutput, SendsBytesInTheirOrder) {
  Output output;
  EXPECT_EQ(output.add(Command("GET", "a")), 20u);
  output.note_sent(4);
  output.add(Command("GET", "b"));
  EXPECT_EQ(output.unsent(), "$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n");
  output.note_sent(output.size());
  EXPECT_EQ(output.unsent(), "");
}

TEST(RedisOutput, StaysBoundedWhileAPeerIsBehind) {
  Output output;
  const Command command("SET", "a", std::string(10000, 'a'));
  for (int i = 0; i < 50; ++i) output.add(command);
  const std::size_t behind = output.size();
  for (int i = 0; i < 10000; ++i) output.note_sent(output.add(command));
  EXPECT_EQ(output.size(), behind);
  EXPECT_LE(output.memory(), 4 * behind);
}

TEST(RedisOutput, GivesBackMemoryWhenAllIsSent) {
  Output output;
  output.add(Command("SET", "a", std::string(1 << 20, 'a')));
  output.note_sent(output.size());
  EXPECT_LT(output.memory(), 1000u);
}

}  // namespace
}  // namespace weft::redis
