#include "weft/base/bytes.h"

#include <array>
#include <cstdint>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "weft/base/sanitizer.h"

namespace weft {
namespace {

TEST(Chunk, HasAtLeastTheCapacityAskedForAndAlignedData) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{240}, std::size_t{241},
                                 std::size_t{16384}, std::size_t{1} << 18, std::size_t{1} << 20}) {
    const ChunkRef chunk(Chunk::allocate(size));
    EXPECT_GE(chunk->capacity(), size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(chunk->data()) % 16, 0U);
    std::memset(chunk->data(), 0x5a, chunk->capacity());
  }
}

TEST(Chunk, OfAnImpossibleSizeThrowsBadAlloc) {
  EXPECT_THROW(Chunk::allocate(SIZE_MAX - 8), std::bad_alloc);
}

TEST(Chunk, IsUniqueWhileNobodyElseHoldsIt) {
  const ChunkRef chunk(Chunk::allocate(100));
  EXPECT_TRUE(chunk->unique());
  {
    const ChunkRef other = chunk;
    EXPECT_FALSE(chunk->unique());
  }
  EXPECT_TRUE(chunk->unique());
}

TEST(Chunk, IsUsedAgainByTheThreadThatReleasedIt) {
  if (WEFT_ASAN) GTEST_SKIP() << "nothing is kept under AddressSanitizer";
  const Chunk* first = nullptr;
  {
    const ChunkRef chunk(Chunk::allocate(5000));
    first = chunk.get();
  }
  const ChunkRef again(Chunk::allocate(4500));
  EXPECT_EQ(again.get(), first);
}

TEST(Chunk, SurvivesABurstBeyondWhatAThreadKeeps) {
  std::vector<ChunkRef> burst;
  for (int i = 0; i < 100; ++i) burst.emplace_back(Chunk::allocate(60'000));
  burst.clear();
  for (int i = 0; i < 100; ++i) {
    burst.emplace_back(Chunk::allocate(60'000));
    std::memset(burst.back()->data(), i, 60'000);
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(burst[static_cast<std::size_t>(i)]->data()[59'999], i);
}

TEST(Bytes, CopiesTextIntoABlockOfItsOwn) {
  std::string text = "hello";
  const Bytes bytes = Bytes::copy_of(text);
  text[0] = 'J';
  EXPECT_EQ(bytes.view(), "hello");
  EXPECT_GE(bytes.pinned(), 5U);
  EXPECT_TRUE(Bytes::copy_of("").empty());
}

TEST(Bytes, OfStaticStoragePinsNothing) {
  const Bytes bytes = Bytes::of_static("static");
  EXPECT_EQ(bytes.pinned(), 0U);
  EXPECT_EQ(bytes.slice(1, 3).view(), "tat");
}

TEST(Bytes, PinMuchWhereACopyWouldTakeLess) {
  const Bytes large = Bytes::copy_of(std::string(60'000, 'x'));
  EXPECT_TRUE(large.slice(0, 100).pins_much());
  EXPECT_FALSE(large.slice(0, Bytes::kSmall).pins_much()) << "large enough to be shared";
  EXPECT_FALSE(Bytes::copy_of("tiny").pins_much()) << "no block is smaller";
  EXPECT_FALSE(Bytes::of_static("static").pins_much());
}

TEST(Bytes, ASliceKeepsTheBlockAlive) {
  Bytes slice;
  {
    const Bytes whole = Bytes::copy_of("0123456789");
    slice = whole.slice(3, 4);
  }
  EXPECT_EQ(slice.view(), "3456");
  slice.remove_prefix(2);
  EXPECT_EQ(slice.to_string(), "56");
}

TEST(Bytes, AreEmptyWhenMovedFrom) {
  Bytes from = Bytes::copy_of("text");
  Bytes to = std::move(from);
  EXPECT_TRUE(from.empty());
  EXPECT_EQ(from.data(), nullptr);
  EXPECT_EQ(to.view(), "text");
  from = std::move(to);
  EXPECT_TRUE(to.empty());
  EXPECT_EQ(from.view(), "text");
}

TEST(Bytes, CompareByContent) {
  EXPECT_EQ(Bytes::copy_of("a"), Bytes::of_static("a"));
  EXPECT_FALSE(Bytes::copy_of("a") == Bytes::of_static("b"));
  EXPECT_EQ(Bytes(), Bytes::of_static(""));
}

TEST(Bytes, MayBeReleasedByAnotherThread) {
  for (int round = 0; round < 50; ++round) {
    std::vector<Bytes> mine;
    for (int i = 0; i < 20; ++i) mine.push_back(Bytes::copy_of(std::string(1000, 'x')));
    std::vector<Bytes> shared = mine;
    std::thread other([moved = std::move(shared)]() mutable {
      for (const Bytes& bytes : moved) ASSERT_EQ(bytes.view().back(), 'x');
      moved.clear();
    });
    mine.clear();
    other.join();
  }
}

// Lives until after the thread's pool has given its blocks back: made before the pool was opened,
// it is destroyed after it.
struct LateHolder {
  Bytes bytes;
  ~LateHolder() {
    bytes = Bytes();
    const Bytes again = Bytes::copy_of("made while the thread ends");
    EXPECT_EQ(again.view(), "made while the thread ends");
  }
};

TEST(Bytes, MayBeReleasedWhileTheThreadEnds) {
  std::thread thread([] {
    thread_local LateHolder holder;
    holder.bytes = Bytes::copy_of("late");
    { const Bytes opens_the_pool = Bytes::copy_of("early"); }
  });
  thread.join();
}

TEST(Bytes, MayBeReleasedFirstWhileTheThreadEnds) {
  std::thread thread([] {
    thread_local LateHolder holder;
    holder.bytes = Bytes::copy_of("the pool opens in a thread_local destructor");
  });
  thread.join();
}

TEST(Bytes, MayOutliveTheThreadThatMadeThem) {
  Bytes bytes;
  std::thread([&bytes] { bytes = Bytes::copy_of("made elsewhere"); }).join();
  EXPECT_EQ(bytes.view(), "made elsewhere");
}

// Released by the destruction of static objects, when this thread's pool is closed.
Bytes global_bytes;  // NOLINT(cert-err58-cpp)

TEST(Bytes, MayBeHeldByAStaticObject) {
  global_bytes = Bytes::copy_of("global");
  EXPECT_EQ(global_bytes.view(), "global");
}

}  // namespace
}  // namespace weft
