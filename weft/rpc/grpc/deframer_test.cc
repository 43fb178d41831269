#include "weft/rpc/grpc/deframer.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/base/rng.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::rpc {
namespace {

using ::testing::HasSubstr;

std::string framed(std::string_view text, bool compressed = false) {
  std::uint8_t prefix[kMessagePrefix];
  write_message_prefix(prefix, compressed, static_cast<std::uint32_t>(text.size()));
  return std::string(reinterpret_cast<char*>(prefix), sizeof prefix).append(text);
}

std::vector<std::string> pop_all(Deframer& deframer) {
  std::vector<std::string> messages;
  Deframer::Item item;
  while (deframer.pop(item)) messages.push_back(item.joined().to_string());
  return messages;
}

TEST(Deframer, HasNothingAtFirst) {
  Deframer deframer(100);
  Deframer::Item item;
  EXPECT_FALSE(deframer.pop(item));
  EXPECT_TRUE(deframer.at_boundary());
  EXPECT_EQ(deframer.partial_bytes(), 0U);
  EXPECT_TRUE(deframer.push(Bytes()).ok());
  EXPECT_TRUE(deframer.at_boundary());
}

TEST(Deframer, CutsManyMessagesOutOfOneSlice) {
  Deframer deframer(100);
  const std::string wire = framed("one") + framed("", true) + framed("three");
  ASSERT_TRUE(deframer.push(Bytes::copy_of(wire)).ok());
  Deframer::Item item;
  ASSERT_TRUE(deframer.pop(item));
  EXPECT_EQ(item.bytes.view(), "one");
  EXPECT_FALSE(item.compressed);
  ASSERT_TRUE(deframer.pop(item));
  EXPECT_TRUE(item.bytes.empty());
  EXPECT_TRUE(item.compressed);
  ASSERT_TRUE(deframer.pop(item));
  EXPECT_EQ(item.bytes.view(), "three");
  EXPECT_FALSE(deframer.pop(item));
}

TEST(Deframer, TakesAndGivesAMessageThatIsAllThereIs) {
  Deframer deframer(100);
  Bytes out;
  EXPECT_FALSE(deframer.pop_whole(out));
  ASSERT_TRUE(deframer.push_whole(Bytes::copy_of(framed("one"))));
  EXPECT_EQ(deframer.ready(), 1U);
  ASSERT_TRUE(deframer.pop_whole(out));
  EXPECT_EQ(out.view(), "one");
  EXPECT_EQ(deframer.ready(), 0U);
  EXPECT_TRUE(deframer.at_boundary());
}

TEST(Deframer, TakesNothingAtOnceThatIsNotAllThereIs) {
  const std::string one = framed("one");
  const std::string giant = framed(std::string(101, 'x'));
  for (const std::string& wire : {std::string(), one.substr(0, 3), one.substr(0, 7), one + "x",
                                  one + one, giant, "\x02" + one.substr(1)}) {
    Deframer deframer(100);
    EXPECT_FALSE(deframer.push_whole(Bytes::copy_of(wire))) << wire.size();
    EXPECT_EQ(deframer.ready(), 0U);
    EXPECT_TRUE(deframer.at_boundary());
  }
  Deframer deframer(100);
  ASSERT_TRUE(deframer.push_whole(Bytes::copy_of(one)));
  EXPECT_FALSE(deframer.push_whole(Bytes::copy_of(one))) << "one waits already";
  ASSERT_TRUE(deframer.push(Bytes::copy_of(one)).ok());
  Bytes out;
  EXPECT_FALSE(deframer.pop_whole(out)) << "another waits behind it";
  EXPECT_EQ(pop_all(deframer), (std::vector<std::string>{"one", "one"}));
  Deframer packed(100);
  ASSERT_TRUE(packed.push_whole(Bytes::copy_of(framed("one", true))));
  EXPECT_FALSE(packed.pop_whole(out)) << "it is compressed";
  EXPECT_EQ(packed.ready(), 1U);
  Deframer unfinished(100);
  ASSERT_TRUE(unfinished.push(Bytes::copy_of(one.substr(0, 2))).ok());
  EXPECT_FALSE(unfinished.push_whole(Bytes::copy_of(one)));
}

TEST(Deframer, JoinsAMessageThatArrivesByteForByte) {
  Deframer deframer(100);
  const std::string wire = framed("hello") + framed("") + framed("world");
  std::vector<std::string> messages;
  for (std::size_t i = 0; i < wire.size(); ++i) {
    ASSERT_TRUE(deframer.push(Bytes::copy_of(wire.substr(i, 1))).ok());
    for (std::string& message : pop_all(deframer)) messages.push_back(std::move(message));
  }
  EXPECT_EQ(messages, (std::vector<std::string>{"hello", "", "world"}));
  EXPECT_TRUE(deframer.at_boundary());
}

TEST(Deframer, TellsWhatItHoldsOfAnUnfinishedMessage) {
  Deframer deframer(100);
  const std::string wire = framed("hello");
  for (std::size_t i = 0; i + 1 < wire.size(); ++i) {
    ASSERT_TRUE(deframer.push(Bytes::copy_of(wire.substr(i, 1))).ok());
    EXPECT_FALSE(deframer.at_boundary());
    EXPECT_EQ(deframer.partial_bytes(), i + 1);
  }
  ASSERT_TRUE(deframer.push(Bytes::copy_of("o")).ok());
  EXPECT_TRUE(deframer.at_boundary());
  EXPECT_EQ(deframer.partial_bytes(), 0U);
}

TEST(Deframer, RandomMessagesInRandomSlicesComeOutWhole) {
  const char* text = std::getenv("WEFT_SEED");
  const std::uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : 20260104;
  SCOPED_TRACE("WEFT_SEED=" + std::to_string(seed));
  Rng rng(seed);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> sent;
    std::string wire;
    const std::size_t largest = std::size_t{1} << rng.below(13);
    for (std::size_t n = rng.below(30); n > 0; --n) {
      sent.emplace_back(rng.below(largest), static_cast<char>('a' + rng.below(26)));
      wire += framed(sent.back(), rng.below(2) == 0);
    }
    Deframer deframer(largest);
    std::vector<std::string> received;
    const std::size_t step = std::size_t{1} << rng.below(15);
    for (std::size_t at = 0; at < wire.size();) {
      const std::size_t n = std::min(wire.size() - at, 1 + rng.below(step));
      ASSERT_TRUE(deframer.push(Bytes::copy_of(std::string_view(wire).substr(at, n))).ok());
      at += n;
      // Sometimes messages pile up before they are read.
      for (Deframer::Item item; rng.below(4) != 0 && deframer.pop(item);) {
        received.push_back(item.joined().to_string());
      }
    }
    for (std::string& message : pop_all(deframer)) received.push_back(std::move(message));
    ASSERT_EQ(received, sent);
    ASSERT_TRUE(deframer.at_boundary());
  }
}

TEST(Deframer, SharesAMessageThatLiesWholeInASlice) {
  Deframer deframer(100000);
  const Bytes slice =
      Bytes::copy_of(framed(std::string(5000, 'a')) + framed(std::string(5000, 'b')));
  ASSERT_TRUE(deframer.push(slice).ok());
  Deframer::Item item;
  ASSERT_TRUE(deframer.pop(item));
  EXPECT_EQ(item.bytes.data(), slice.data() + kMessagePrefix);
  ASSERT_TRUE(deframer.pop(item));
  EXPECT_EQ(item.bytes.data(), slice.data() + 5000 + 2 * kMessagePrefix);
}

TEST(Deframer, SharesAlsoWhenThePrefixCameBefore) {
  Deframer deframer(100000);
  const std::string wire = framed(std::string(5000, 'a'));
  const Bytes slice = Bytes::copy_of(std::string_view(wire).substr(3));
  ASSERT_TRUE(deframer.push(Bytes::copy_of(std::string_view(wire).substr(0, 3))).ok());
  ASSERT_TRUE(deframer.push(slice).ok());
  Deframer::Item item;
  ASSERT_TRUE(deframer.pop(item));
  EXPECT_EQ(item.bytes.data(), slice.data() + 2);
}

/// Pushes a message that is a small part of a block, which is returned.
Bytes push_out_of_a_large_block(Deframer& deframer, std::string_view text) {
  Bytes block = Bytes::copy_of(framed(text) + std::string(60000, '\0'));
  EXPECT_TRUE(deframer.push(block.slice(0, kMessagePrefix + text.size())).ok());
  return block;
}

/// Pops the only message, which is to be `text`.
Bytes pop_expected(Deframer& deframer, std::string_view text) {
  Deframer::Item item;
  EXPECT_TRUE(deframer.pop(item));
  EXPECT_EQ(item.bytes.view(), text);
  return item.bytes;
}

TEST(Deframer, CopiesASmallMessageOutOfALargeBlock) {
  Deframer deframer(100000);
  push_out_of_a_large_block(deframer, "small");
  EXPECT_LT(pop_expected(deframer, "small").pinned(), 1024U);
}

TEST(Deframer, SharesASmallMessageReadAtOnce) {
  Deframer deframer(100000);
  deframer.expect_reader();
  const std::string text(1000, 'a');
  const Bytes block = push_out_of_a_large_block(deframer, text);
  EXPECT_EQ(deframer.held(), text.size());
  EXPECT_TRUE(pop_expected(deframer, text).shares_block_with(block));
}

TEST(Deframer, CopiesASmallMessageThatIsReadLater) {
  Deframer deframer(100000);
  deframer.expect_reader();
  const std::string text(1000, 'a');
  const Bytes block = push_out_of_a_large_block(deframer, text);
  deframer.keep_unread();
  EXPECT_LT(deframer.held(), 4096U);
  EXPECT_FALSE(pop_expected(deframer, text).shares_block_with(block));
}

TEST(Deframer, AMessageInPiecesGetsABlockOfItsSize) {
  Deframer deframer(100000);
  const std::string wire = framed(std::string(20000, 'a'));
  ASSERT_TRUE(deframer.push(Bytes::copy_of(std::string_view(wire).substr(0, 16384))).ok());
  ASSERT_TRUE(deframer.push(Bytes::copy_of(std::string_view(wire).substr(16384))).ok());
  Deframer::Item item;
  ASSERT_TRUE(deframer.pop(item));
  EXPECT_TRUE(item.bytes.view() == std::string(20000, 'a'));
}

std::string varied(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 31 >> 8);
  return text;
}

/// Pushes `wire` in slices of blocks of 64 KiB, as a socket's reads of `fill` bytes each would
/// bring them, cut at every `frame` bytes.
void push_as_read(Deframer& deframer, std::string_view wire, std::size_t fill, std::size_t frame) {
  while (!wire.empty()) {
    ChunkRef block(Chunk::allocate(65000));
    const std::size_t n = std::min(fill, wire.size());
    std::memcpy(block->data(), wire.data(), n);
    wire.remove_prefix(n);
    const char* data = block->data();
    const Bytes read(std::move(block), data, n);
    for (std::size_t at = 0; at < n; at += frame) {
      ASSERT_TRUE(deframer.push(read.slice(at, std::min(frame, n - at))).ok());
    }
  }
}

TEST(Deframer, ALargeMessageKeepsTheSlicesItCameIn) {
  const std::string text = varied((std::size_t{1} << 20) + 3);
  Deframer deframer(text.size());
  push_as_read(deframer, framed(text), 65000, 16384);
  EXPECT_LE(deframer.held(), text.size() + text.size() / 8);
  Deframer::Item item;
  ASSERT_TRUE(deframer.pop(item));
  EXPECT_EQ(item.size(), text.size());
  ASSERT_TRUE(item.pieces);
  EXPECT_TRUE(item.joined().view() == text);
  EXPECT_LE(item.pinned, text.size() + text.size() / 8);
  EXPECT_EQ(deframer.held(), 0U);
}

TEST(Deframer, CopiesALargeMessageOutOfSmallSlices) {
  const std::string text = varied((std::size_t{1} << 20) + 3);
  Deframer deframer(text.size());
  push_as_read(deframer, framed(text), 3000, 3000);
  EXPECT_LE(deframer.held(), text.size() * 2);
  Deframer::Item item;
  ASSERT_TRUE(deframer.pop(item));
  EXPECT_TRUE(item.joined().view() == text);
  EXPECT_LE(item.pinned, text.size() * 2);
}

TEST(Deframer, ALargeMessageMayComeInSlicesOfAllSizes) {
  const char* seed_text = std::getenv("WEFT_SEED");
  const std::uint64_t seed =
      seed_text != nullptr ? std::strtoull(seed_text, nullptr, 10) : 20261121;
  SCOPED_TRACE("WEFT_SEED=" + std::to_string(seed));
  Rng rng(seed);
  for (int round = 0; round < 50; ++round) {
    const std::string text = varied(20000 + rng.below(300000));
    Deframer deframer(text.size());
    std::string wire = framed("first") + framed(text) + framed(text) + framed("last");
    for (std::string_view left = wire; !left.empty();) {
      const std::size_t n = std::min(left.size(), std::size_t{1} + rng.below(70000));
      push_as_read(deframer, left.substr(0, n), 65000, 1 + rng.below(20000));
      left.remove_prefix(n);
    }
    EXPECT_LE(deframer.held(), 5 * wire.size());
    EXPECT_EQ(pop_all(deframer), (std::vector<std::string>{"first", text, text, "last"}));
    EXPECT_TRUE(deframer.at_boundary());
  }
}

TEST(Deframer, ACompressedMessageIsInOnePiece) {
  const std::string text = varied(200000);
  Deframer deframer(text.size());
  push_as_read(deframer, framed(text, true), 65000, 16384);
  Deframer::Item item;
  ASSERT_TRUE(deframer.pop(item));
  EXPECT_FALSE(item.pieces);
  EXPECT_TRUE(item.bytes.view() == text);
  EXPECT_LE(item.pinned, std::size_t{256} * 1024);
}

TEST(Deframer, AnAnnouncedGiantCostsNothingYet) {
  // Under a sanitizer or a memory limit an honest allocation of 4 GiB per stream would fail here.
  std::deque<Deframer> streams;
  for (int i = 0; i < 100; ++i) streams.emplace_back(SIZE_MAX);
  for (Deframer& stream : streams) {
    ASSERT_TRUE(stream.push(Bytes::of_static(std::string_view("\0\xff\xff\xff\xffx", 6))).ok());
    EXPECT_EQ(stream.partial_bytes(), 6U);
  }
}

TEST(Deframer, AMessageBeyondTheLimitIsRefusedByItsPrefix) {
  Deframer deframer(4096);
  ASSERT_TRUE(deframer.push(Bytes::copy_of(framed(std::string(4096, 'x')))).ok());
  const std::string wire = framed("first") + framed(std::string(4097, 'x')).substr(0, 5);
  const Status status = deframer.push(Bytes::copy_of(wire));
  EXPECT_EQ(status.code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(status.message(),
            "a message of 4097 bytes is larger than the limit of 4096 bytes (max_receive_size)");
  EXPECT_EQ(deframer.push(Bytes::copy_of(framed("more"))), status);
  EXPECT_EQ(pop_all(deframer).size(), 2U);
}

TEST(Deframer, AFlagThatIsNoneIsRefused) {
  Deframer deframer(4096);
  const Status status = deframer.push(Bytes::of_static("<html>"));
  EXPECT_EQ(status.code(), StatusCode::Internal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("0x3c"));
  EXPECT_EQ(deframer.push(Bytes::copy_of(framed("fine"))), status);
  EXPECT_EQ(deframer.push(Bytes()), status);
  EXPECT_TRUE(pop_all(deframer).empty());
  for (int flag = 0; flag < 256; ++flag) {
    std::string wire = framed("");
    wire[0] = static_cast<char>(flag);
    EXPECT_EQ(Deframer(1).push(Bytes::copy_of(wire)).ok(), flag < 2) << flag;
  }
}

TEST(Deframer, ALimitOfZeroLetsEmptyMessagesPass) {
  Deframer deframer(0);
  EXPECT_TRUE(deframer.push(Bytes::copy_of(framed(""))).ok());
  EXPECT_EQ(pop_all(deframer).size(), 1U);
  EXPECT_EQ(deframer.push(Bytes::copy_of(framed("x"))).code(), StatusCode::ResourceExhausted);
}

/// In a block as servers read into.
Bytes in_large_block(std::string_view wire) {
  ChunkRef block(Chunk::allocate(64 * 1024 - 16));
  std::memcpy(block->data(), wire.data(), wire.size());
  return Bytes(block, block->data(), wire.size());
}

TEST(Deframer, KeepsSmallUnreadMessagesAsTheyCame) {
  constexpr std::size_t kCount = 10000;
  std::string wire;
  for (std::size_t i = 0; i < kCount; ++i) wire += framed("x");
  Deframer deframer(100);
  const Bytes arrived = in_large_block(wire);
  ASSERT_TRUE(deframer.push(arrived).ok());
  EXPECT_EQ(deframer.ready(), kCount);
  EXPECT_GE(deframer.held(), wire.size());
  EXPECT_LE(deframer.held(), wire.size() + wire.size() / 16 + 4096);
  EXPECT_EQ(pop_all(deframer), std::vector<std::string>(kCount, "x"));
  EXPECT_LE(deframer.held(), 2048U) << "room for a few more";
  EXPECT_EQ(deframer.ready(), 0U);
}

TEST(Deframer, SmallUnreadMessagesReleaseTheirBlock) {
  std::string wire;
  for (int i = 0; i < 1000; ++i) wire += framed("x");
  ChunkRef block(Chunk::allocate(64 * 1024 - 16));
  std::memcpy(block->data(), wire.data(), wire.size());
  Deframer deframer(100);
  ASSERT_TRUE(deframer.push(Bytes(block, block->data(), wire.size())).ok());
  EXPECT_TRUE(block->unique());
}

TEST(Deframer, CountsNothingTwiceWhereUnreadMessagesAreOfAllSizes) {
  Rng rng(7);
  for (int run = 0; run < 200; ++run) {
    Deframer deframer(100000);
    std::deque<std::string> expected;
    deframer.expect_reader();
    for (int step = 0; step < 100; ++step) {
      const std::uint64_t what = rng.below(8);
      if (what == 0) deframer.keep_unread();
      if (what < 4) {
        std::string wire;
        for (std::uint64_t i = rng.below(5); i > 0; --i) {
          const std::size_t size = rng.below(6) == 0 ? rng.below(50000) : rng.below(1100);
          expected.emplace_back(size, static_cast<char>('a' + rng.below(26)));
          wire += framed(expected.back());
          if (wire.size() > 50000) break;
        }
        ASSERT_TRUE(deframer.push(in_large_block(wire.substr(0, 65000))).ok());
        if (wire.size() > 65000) {
          ASSERT_TRUE(deframer.push(in_large_block(wire.substr(65000))).ok());
        }
      }
      ASSERT_EQ(deframer.ready(), expected.size());
      if (Deframer::Item item; what >= 3 && deframer.pop(item)) {
        ASSERT_EQ(item.joined().view(), expected.front());
        expected.pop_front();
      }
      // At most a block for each, and what is never negative.
      ASSERT_LE(deframer.unread(), expected.size() * (65536 + 72) * 2 + 40000);
    }
    ASSERT_EQ(pop_all(deframer).size(), expected.size());
    ASSERT_LE(deframer.unread(), 40000U) << "room for more, and no message";
  }
}

TEST(Deframer, CountsTheBlockOfARowReadAtOnce) {
  Deframer deframer(100);
  deframer.expect_reader();
  ASSERT_TRUE(deframer.push(in_large_block(framed("1") + framed("2") + framed("3"))).ok());
  Deframer::Item item;
  ASSERT_TRUE(deframer.pop(item));
  deframer.keep_unread();
  ASSERT_TRUE(deframer.pop(item));
  EXPECT_EQ(item.bytes.view(), "2");
  EXPECT_GE(deframer.unread(), Chunk::kSmallest);
  EXPECT_LE(deframer.unread(), 8192U);
  ASSERT_TRUE(deframer.pop(item));
  ASSERT_TRUE(deframer.push(in_large_block(framed("4"))).ok());
  EXPECT_LE(deframer.unread(), 8192U);
}

TEST(Deframer, CountsABlockOnceForTheMessagesInIt) {
  const std::string wire = framed(std::string(20000, 'a')) + framed(std::string(20000, 'b'));
  ChunkRef block(Chunk::allocate(64 * 1024 - 16));
  std::memcpy(block->data(), wire.data(), wire.size());
  Deframer deframer(100000);
  EXPECT_TRUE(deframer.push(Bytes(block, block->data(), wire.size())).ok());
  EXPECT_GE(deframer.held(), block->capacity());
  EXPECT_LT(deframer.held(), block->capacity() + 1000);
  Deframer::Item item;
  EXPECT_TRUE(deframer.pop(item));
  EXPECT_GE(deframer.held(), block->capacity()) << "the second keeps all of it";
  EXPECT_TRUE(deframer.pop(item));
  EXPECT_LT(deframer.held(), 1000U);
}

TEST(Deframer, BelievesLessOfAnAnnouncementWhereMemoryIsScarce) {
  // Compressed, so that it is to be in one piece.
  const std::string prefix = framed(std::string(900000, 'x'), true).substr(0, kMessagePrefix + 1);
  Deframer plenty(1000000);
  EXPECT_TRUE(plenty.push(Bytes::copy_of(prefix)).ok());
  EXPECT_GE(plenty.held(), 900000U);
  Deframer scarce(1000000);
  scarce.set_scarce(true);
  EXPECT_TRUE(scarce.push(Bytes::copy_of(prefix)).ok());
  EXPECT_LE(scarce.held(), 65536U);
}

TEST(Deframer, HoldsNothingOnceItIsDropped) {
  Deframer deframer(100000);
  EXPECT_TRUE(
      deframer.push(Bytes::copy_of(framed("whole") + framed(std::string(5000, 'x')).substr(0, 900)))
          .ok());
  deframer.drop();
  EXPECT_EQ(deframer.held(), 0U);
  EXPECT_EQ(deframer.ready(), 0U);
  EXPECT_TRUE(deframer.push(Bytes::copy_of(framed("more"))).ok());
  EXPECT_EQ(deframer.ready(), 0U);
}

TEST(Deframer, ADroppedDeframerHoldsNothingButItsError) {
  Deframer deframer(100);
  const std::string bad = framed("first") + framed("second") + framed(std::string(101, 'x'));
  const Status error = deframer.push(Bytes::copy_of(bad));
  EXPECT_EQ(error.code(), StatusCode::ResourceExhausted);
  EXPECT_EQ(deframer.ready(), 2U);
  deframer.drop();
  EXPECT_EQ(deframer.held(), 0U);
  EXPECT_EQ(deframer.ready(), 0U);
  EXPECT_EQ(deframer.push(Bytes::copy_of(framed("more"))), error);
}

}  // namespace
}  // namespace weft::rpc
