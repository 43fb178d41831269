#include "weft/http2/session/output.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/rng.h"

namespace weft::http2 {
namespace {

void write(OutputQueue& queue, std::string_view text) {
  std::memcpy(queue.reserve(text.size()), text.data(), text.size());
  queue.commit(text.size());
}

std::string contents(const OutputQueue& queue, std::size_t slices = 1024) {
  std::vector<iovec> list(slices);
  list.resize(queue.gather(list));
  std::string all;
  for (const iovec& slice : list) all.append(static_cast<char*>(slice.iov_base), slice.iov_len);
  return all;
}

std::size_t slice_count(const OutputQueue& queue) {
  std::vector<iovec> list(1024);
  return queue.gather(list);
}

TEST(OutputQueue, PutsConsecutiveFramesIntoOneSlice) {
  OutputQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(slice_count(queue), 0U);
  write(queue, "one");
  write(queue, "two");
  queue.append(Bytes::copy_of("three"));
  EXPECT_EQ(slice_count(queue), 1U);
  EXPECT_EQ(contents(queue), "onetwothree");
  EXPECT_EQ(queue.size(), 11U);
}

TEST(OutputQueue, KeepsLessThanWasReserved) {
  OutputQueue queue;
  std::memcpy(queue.reserve(100), "abc", 3);
  queue.commit(3);
  write(queue, "d");
  EXPECT_EQ(contents(queue), "abcd");
}

TEST(OutputQueue, LinksALargePayloadWithoutACopy) {
  OutputQueue queue;
  const Bytes large = Bytes::copy_of(std::string(OutputQueue::kLinkThreshold, 'x'));
  write(queue, "before");
  queue.append(large);
  write(queue, "after");
  std::vector<iovec> slices(4);
  ASSERT_EQ(queue.gather(slices), 3U);
  EXPECT_EQ(slices[1].iov_base, large.data());
  EXPECT_EQ(contents(queue), "before" + large.to_string() + "after");
}

TEST(OutputQueue, LinksWhatIsLentUntilItIsToOwnIt) {
  OutputQueue queue;
  std::string lender(100'000, 'l');
  write(queue, "before");
  queue.append(Bytes::copy_of(std::string(5000, 'o')));
  EXPECT_FALSE(queue.lent());
  queue.append(Bytes::lent(lender));
  write(queue, "between");
  queue.append(Bytes::lent(std::string_view(lender).substr(1000, 3000)));
  write(queue, "after");
  EXPECT_TRUE(queue.lent());
  queue.consume(6 + 5000 + 1);
  const std::string expected = contents(queue);
  queue.own();
  EXPECT_FALSE(queue.lent());
  lender.assign(lender.size(), '!');
  EXPECT_EQ(contents(queue), expected);
  EXPECT_EQ(queue.size(), expected.size());
  write(queue, "!");
  queue.consume(50'000);
  EXPECT_EQ(contents(queue), expected.substr(50'000) + "!");
}

TEST(OutputQueue, HasNothingLentOnceAllIsConsumed) {
  OutputQueue queue;
  const std::string lender(100'000, 'l');
  queue.append(Bytes::lent(lender));
  queue.consume(lender.size());
  EXPECT_FALSE(queue.lent());
  queue.own();
  EXPECT_TRUE(queue.empty());
}

TEST(OutputQueue, CopiesASmallPayload) {
  OutputQueue queue;
  queue.append(Bytes::copy_of(std::string(OutputQueue::kLinkThreshold - 1, 'x')));
  queue.append(Bytes());
  write(queue, "y");
  EXPECT_EQ(slice_count(queue), 1U);
}

TEST(OutputQueue, ConsumesAcrossSlices) {
  OutputQueue queue;
  const std::string large(5000, 'x');
  write(queue, "before");
  queue.append(Bytes::copy_of(large));
  write(queue, "after");
  queue.consume(3);
  EXPECT_EQ(contents(queue), "ore" + large + "after");
  queue.consume(3 + 4999);
  EXPECT_EQ(contents(queue), "xafter");
  queue.consume(3);
  EXPECT_EQ(contents(queue), "ter");
  write(queue, "!");
  EXPECT_EQ(contents(queue), "ter!");
  queue.consume(4);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(slice_count(queue), 0U);
}

TEST(OutputQueue, GathersNoMoreThanItIsAskedFor) {
  OutputQueue queue;
  for (int i = 0; i < 5; ++i) queue.append(Bytes::copy_of(std::string(4000, 'a')));
  write(queue, "end");
  EXPECT_EQ(contents(queue, 2).size(), 8000U);
  EXPECT_EQ(contents(queue, 5).size(), 20000U);
  EXPECT_EQ(contents(queue, 6).size(), 20003U);
}

TEST(OutputQueue, TakesAReservationLargerThanABlock) {
  OutputQueue queue;
  const std::string large(3 * OutputQueue::kBlock, 'l');
  write(queue, "a");
  write(queue, large);
  write(queue, "z");
  EXPECT_EQ(contents(queue), "a" + large + "z");
}

TEST(OutputQueue, ReleasesAPayloadOnceConsumed) {
  OutputQueue queue;
  ChunkRef chunk(Chunk::allocate(4000));
  std::memset(chunk->data(), 'x', 4000);
  queue.append(Bytes(chunk, chunk->data(), 4000));
  write(queue, "rest");
  EXPECT_FALSE(chunk->unique());
  queue.consume(4000);
  EXPECT_TRUE(chunk->unique());
  queue.append(Bytes(chunk, chunk->data(), 4000));
  queue.clear();
  EXPECT_TRUE(chunk->unique());
  EXPECT_TRUE(queue.empty());
}

TEST(OutputQueue, WritesAgainToABlockThatNoSegmentShares) {
  OutputQueue queue;
  const Bytes large = Bytes::copy_of(std::string(4000, 'x'));
  write(queue, std::string(100, 'h'));
  std::vector<iovec> slices(1);
  ASSERT_EQ(queue.gather(slices), 1U);
  const void* block = slices[0].iov_base;
  queue.append(large);
  queue.consume(100);
  write(queue, std::string(OutputQueue::kBlock, 'y'));
  queue.consume(4000);
  ASSERT_EQ(queue.gather(slices), 1U);
  EXPECT_EQ(slices[0].iov_base, block);
}

TEST(OutputQueue, AgreesWithAStringUnderRandomUse) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    OutputQueue queue;
    std::string model;
    for (int step = 0; step < 200; ++step) {
      std::string text(rng.below(rng.below(4) == 0 ? 20000 : 200), ' ');
      for (char& c : text) c = static_cast<char>('a' + rng.below(26));
      switch (rng.below(5)) {
        case 0:
        case 1: {
          const std::size_t more = rng.below(100);
          std::memcpy(queue.reserve(text.size() + more), text.data(), text.size());
          queue.commit(text.size());
          model += text;
          break;
        }
        case 2:
          queue.append(Bytes::copy_of(text));
          model += text;
          break;
        case 3: {
          const std::size_t n = rng.below(3) == 0 ? model.size() : rng.below(model.size() + 1);
          queue.consume(n);
          model.erase(0, n);
          break;
        }
        default:
          if (rng.below(50) == 0) {
            queue.clear();
            model.clear();
          }
      }
      ASSERT_EQ(queue.size(), model.size());
      ASSERT_EQ(contents(queue), model) << "step " << step;
    }
  }
}

}  // namespace
}  // namespace weft::http2
