#include "weft/codec/message.h"

#include <string>

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(Message, OfASmallPartOfALargeBlockBorrowsIt) {
  const Bytes block = Bytes::copy_of(std::string(60000, 'a'));
  Message message(block.slice(10, 100));
  message.set_arrived_compressed(true);
  EXPECT_TRUE(message.borrows());
  const Message kept = message.owned();
  EXPECT_FALSE(kept.borrows());
  EXPECT_EQ(kept.bytes(), message.bytes());
  EXPECT_FALSE(kept.bytes().shares_block_with(block));
  EXPECT_TRUE(kept.arrived_compressed());
}

TEST(Message, OfBytesOfItsOwnIsKeptAsItIs) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, std::size_t{60000}}) {
    const Message message(Bytes::copy_of(std::string(size, 'a')));
    EXPECT_FALSE(message.borrows());
    EXPECT_EQ(message.owned().bytes().data(), message.bytes().data());
  }
}

TEST(Message, KeepsALargePartOfABlock) {
  const Bytes block = Bytes::copy_of(std::string(60000, 'a'));
  const Message message(block.slice(0, 30000));
  EXPECT_FALSE(message.borrows());
  EXPECT_TRUE(message.owned().bytes().shares_block_with(block));
}

TEST(Message, OfAnObjectIsKeptAsItsBytes) {
  static constexpr MessageOps kOps{
      .size = [](const void* object) { return static_cast<const std::string*>(object)->size(); },
      .write = [](const void* object, std::size_t size,
                  char* out) { static_cast<const std::string*>(object)->copy(out, size); }};
  const std::string object = "an object";
  const Message message(&object, kOps);
  EXPECT_TRUE(message.borrows());
  EXPECT_EQ(message.owned().bytes().view(), object);
}

}  // namespace
}  // namespace weft
